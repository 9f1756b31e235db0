//! Threads that prepare what will be asked for next, with buffers that go round.

use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;

/// How many items are prepared ahead.
const AHEAD: usize = 3;

/// Items `first`, `first + 1`, … in order, each prepared by a thread before it is asked for.
pub struct Prefetch<T> {
    /// Of n threads, number k has every n-th item from `first + k` on.
    lines: Vec<Line<T>>,
    /// Which has the next item, and which gets the next buffer.
    next: usize,
    spent: usize,
}

/// A thread, and what goes to it and comes from it.
struct Line<T> {
    ready: Option<Receiver<T>>,
    spent: Sender<T>,
    worker: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts preparing the items of `range` in so many threads, at least one. `fill` overwrites a
    /// buffer with an item's content, of which the thread may not matter; `empty` makes a buffer.
    pub fn start(
        range: Range<u64>,
        threads: usize,
        empty: impl Fn() -> T,
        fill: impl FnMut(u64, &mut T) + Send + Clone + 'static,
    ) -> std::io::Result<Self> {
        let threads = threads.max(1);
        let ahead = AHEAD.div_ceil(threads);
        let line = |number: usize| {
            let items = (range.start.saturating_add(number as u64)..range.end).step_by(threads);
            Line::start(items, ahead, &empty, fill.clone())
        };
        let lines = (0..threads).map(line).collect::<Result<_, _>>()?;
        Ok(Self { lines, next: 0, spent: 0 })
    }

    /// The next item; none after the last.
    pub fn next_item(&mut self) -> Option<T> {
        let item = self.lines[self.next].ready.as_ref()?.recv().ok()?;
        self.next = (self.next + 1) % self.lines.len();
        Some(item)
    }

    /// Gives a buffer back for a later item.
    pub fn recycle(&mut self, item: T) {
        // Nobody takes it after the last item, which is fine.
        let _ = self.lines[self.spent].spent.send(item);
        self.spent = (self.spent + 1) % self.lines.len();
    }
}

impl<T: Send + 'static> Line<T> {
    fn start(
        items: impl Iterator<Item = u64> + Send + 'static,
        ahead: usize,
        empty: &impl Fn() -> T,
        fill: impl FnMut(u64, &mut T) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (to_ready, ready) = sync_channel(ahead);
        let (spent, from_spent) = channel();
        for _ in 0..ahead + 1 {
            // The other end is alive: it is in this function.
            let _ = spent.send(empty());
        }
        let work = move || prepare(items, fill, &from_spent, &to_ready);
        let worker = std::thread::Builder::new().name("batches".into()).spawn(work)?;
        Ok(Self { ready: Some(ready), spent, worker: Some(worker) })
    }
}

fn prepare<T>(
    items: impl Iterator<Item = u64>,
    mut fill: impl FnMut(u64, &mut T),
    spent: &Receiver<T>,
    ready: &SyncSender<T>,
) {
    for index in items {
        let Ok(mut buffer) = spent.recv() else { return };
        fill(index, &mut buffer);
        if ready.send(buffer).is_err() {
            return;
        }
    }
}

impl<T> Drop for Line<T> {
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
        for threads in [1, 2, 3, 7] {
            let square = |index: u64, item: &mut Vec<u64>| {
                // Those of some threads come late.
                std::thread::sleep(std::time::Duration::from_micros(index % 3 * 200));
                item[0] = index * index;
            };
            for last in 48..=50u64 {
                let mut items = Prefetch::start(5..last, threads, || vec![0], square).unwrap();
                for index in 5..last {
                    let item = items.next_item().unwrap();
                    assert_eq!(item[0], index * index);
                    items.recycle(item);
                }
                assert!(items.next_item().is_none() && items.next_item().is_none());
            }
            assert!(
                Prefetch::start(3..3, threads, || vec![0], square).unwrap().next_item().is_none()
            );
        }
    }

    #[test]
    fn dropping_early_stops_the_worker() {
        for threads in [1, 4] {
            let fill = |index, item: &mut u64| *item = index;
            let mut items = Prefetch::start(0..u64::MAX, threads, || 0, fill).unwrap();
            let first = items.next_item();
            assert_eq!(first, Some(0));
            drop(items);
        }
    }
}
