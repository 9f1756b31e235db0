//! A thread that prepares what will be asked for next, with buffers that go round.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// How many items are prepared ahead.
const AHEAD: usize = 3;

/// Items `first`, `first + 1`, … in order, each prepared by a thread before it is asked for.
pub struct Prefetch<T> {
    ready: Option<Receiver<T>>,
    spent: Sender<T>,
    worker: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts preparing the items of `range`. `fill` overwrites a buffer with an item's content;
    /// `empty` makes a buffer.
    pub fn start(
        range: std::ops::Range<u64>,
        empty: impl Fn() -> T,
        fill: impl FnMut(u64, &mut T) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (to_ready, ready) = sync_channel(AHEAD);
        let (spent, from_spent) = channel();
        for _ in 0..AHEAD + 1 {
            // The other end is alive: it is in this function.
            let _ = spent.send(empty());
        }
        let work = move || prepare(range, fill, &from_spent, &to_ready);
        let worker = std::thread::Builder::new().name("batches".into()).spawn(work)?;
        Ok(Self { ready: Some(ready), spent, worker: Some(worker) })
    }

    /// The next item; none after the last.
    pub fn next_item(&mut self) -> Option<T> {
        self.ready.as_ref().and_then(|ready| ready.recv().ok())
    }

    /// Gives a buffer back for a later item.
    pub fn recycle(&self, item: T) {
        // Nobody takes it after the last item, which is fine.
        let _ = self.spent.send(item);
    }
}

fn prepare<T>(
    range: std::ops::Range<u64>,
    mut fill: impl FnMut(u64, &mut T),
    spent: &Receiver<T>,
    ready: &SyncSender<T>,
) {
    for index in range {
        let Ok(mut buffer) = spent.recv() else { return };
        fill(index, &mut buffer);
        if ready.send(buffer).is_err() {
            return;
        }
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.ready = None;
        // Without the receiver and with a closed return channel the worker ends at its next turn.
        let (closed, _) = channel();
        self.spent = closed;
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_in_order_and_end() {
        let mut items =
            Prefetch::start(5..50, || vec![0u64], |index, item| item[0] = index * index).unwrap();
        for index in 5..50u64 {
            let item = items.next_item().unwrap();
            assert_eq!(item[0], index * index);
            items.recycle(item);
        }
        assert!(items.next_item().is_none());
    }

    #[test]
    fn dropping_early_stops_the_worker() {
        let mut items = Prefetch::start(0..u64::MAX, || 0u64, |index, item| *item = index).unwrap();
        let first = items.next_item();
        assert_eq!(first, Some(0));
        drop(items);
    }
}
