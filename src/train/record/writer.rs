//! A thread that writes checkpoints, so that steps do not wait for the disk, nor for the device to hand
//! its state over.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::checkpoint::About;
use super::evaluation::Evaluation;
use super::json_lines::JsonLines;
use super::keeper::Keeper;
use crate::train::TrainError;
use crate::train::runner::Snapshot;
use crate::train::tensors::Tensor;

/// How many orders wait at most; each may hold a whole state.
const WAITING: usize = 2;

/// What is to be written.
enum Order {
    /// What a run has after a step.
    Checkpoint(Snapshot, About),
    /// What a run ends with.
    Last(Snapshot, About),
    /// What was measured of what was saved after a step.
    Judge(Evaluation),
}

/// Writes in the order in which it is asked; after a fault, nothing more.
pub struct Writer {
    orders: Option<SyncSender<Order>>,
    /// Steps whose checkpoints are durable and listed, or the fault.
    written: Receiver<Result<u64, TrainError>>,
    thread: Option<JoinHandle<()>>,
    /// Checkpoints that were ordered and not told of.
    open: usize,
}

impl Writer {
    /// With what keeps the checkpoints of these tensors, and the measurements on which a run that goes
    /// on from one depends.
    ///
    /// # Errors
    /// There is no thread.
    pub fn start(
        keeper: Keeper,
        tensors: Vec<Tensor>,
        metrics: JsonLines,
    ) -> Result<Self, TrainError> {
        let (orders, ordered) = sync_channel(WAITING);
        let (told, written) = channel();
        let work = Work { keeper, tensors, metrics };
        let thread = Builder::new()
            .name("checkpoints".into())
            .spawn(move || work.all(&ordered, &told))
            .map_err(TrainError::NoThread)?;
        Ok(Self { orders: Some(orders), written, thread: Some(thread), open: 0 })
    }

    /// Orders a checkpoint of what a run has after a step. Waits where much is waiting already.
    pub fn checkpoint(&mut self, state: Snapshot, about: About) {
        self.order(Order::Checkpoint(state, about));
        self.open += 1;
    }

    /// Orders a file of what a run ends with.
    pub fn last(&mut self, state: Snapshot, about: About) {
        self.order(Order::Last(state, about));
    }

    /// Orders a note of what was measured of what was saved after a step.
    pub fn judge(&mut self, evaluation: Evaluation) {
        self.order(Order::Judge(evaluation));
    }

    /// The step of the next checkpoint that is durable and listed, if there is one by now.
    ///
    /// # Errors
    /// What went wrong with an order, once.
    pub fn written(&mut self) -> Result<Option<u64>, TrainError> {
        self.told(self.written.try_recv().ok())
    }

    /// The same once it is; none where none was ordered.
    pub fn awaited(&mut self) -> Result<Option<u64>, TrainError> {
        if self.open == 0 {
            return Ok(None);
        }
        self.told(self.written.recv().ok())
    }

    /// Waits until all is done.
    pub fn end(&mut self) -> Result<(), TrainError> {
        self.stop();
        // What is left are checkpoints that nobody asked for, or a fault.
        while self.told(self.written.try_recv().ok())?.is_some() {}
        Ok(())
    }

    fn told(&mut self, told: Option<Result<u64, TrainError>>) -> Result<Option<u64>, TrainError> {
        let step = told.transpose()?;
        self.open -= usize::from(step.is_some());
        Ok(step)
    }

    fn order(&mut self, order: Order) {
        if let Some(orders) = &self.orders {
            // Nobody takes it after a fault, which is told behind all that was written before.
            let _ = orders.send(order);
        }
    }

    fn stop(&mut self) {
        self.orders = None;
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // What was ordered is written, whatever has happened since.
            let _ = thread.join();
        }
    }
}

/// What the thread does.
struct Work {
    keeper: Keeper,
    tensors: Vec<Tensor>,
    metrics: JsonLines,
}

impl Work {
    fn all(mut self, ordered: &Receiver<Order>, told: &Sender<Result<u64, TrainError>>) {
        for order in ordered {
            let done = self.one(order).transpose();
            let fault = matches!(done, Some(Err(_)));
            // Nobody listens any more where training has failed.
            done.map(|done| told.send(done));
            if fault {
                return;
            }
        }
    }

    /// The step of a checkpoint.
    fn one(&mut self, order: Order) -> Result<Option<u64>, TrainError> {
        match order {
            Order::Checkpoint(state, about) => {
                let values = state.wait()?;
                // A run that goes on from here needs every line up to here.
                self.metrics.sync()?;
                self.keeper.checkpoint(&self.tensors, &values, &about)?;
                Ok(Some(about.step))
            }
            Order::Last(state, about) => {
                self.keeper.last(&self.tensors, &state.wait()?, &about)?;
                Ok(None)
            }
            Order::Judge(evaluation) => {
                self.keeper.judge(&evaluation)?;
                Ok(None)
            }
        }
    }
}
