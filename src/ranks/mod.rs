//! Ranks: processes, or threads, that train one network together.
//!
//! A [`Link`](link::Link) carries bytes between two ranks, [`reduce`] adds up over all of them in one fixed
//! tree, and [`Ranks`] is what the rest of the program asks: one thread a rank talks to its link and does
//! what it is given in order, so that all ranks must ask for the same in the same order.

pub mod link;
#[cfg(feature = "mpi")]
pub mod mpi;
pub mod reduce;
pub mod threads;

use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

pub use link::{Crowd, Link, Lost};
pub use reduce::{Rule, Run};

/// One rank's hold on all of them. Clones are the same rank.
#[derive(Clone)]
pub struct Ranks(Arc<Inner>);

impl std::fmt::Debug for Ranks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rank {} of {}", self.rank(), self.count())
    }
}

struct Inner {
    crowd: Crowd,
    /// None once it has ended.
    jobs: Mutex<Option<Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    waited: AtomicU64,
    ending: Arc<AtomicI32>,
}

/// What the thread is given.
enum Job {
    /// Numbers that are joined run by run.
    Numbers(Vec<f64>, Vec<Run>, Sender<Result<Vec<f64>, Lost>>),
    /// A vector that is added up.
    Vector(Vec<f32>, Sender<Result<Vec<f32>, Lost>>),
}

/// What is on its way from all ranks.
pub struct Posted<T> {
    answer: Receiver<Result<T, Lost>>,
    ranks: Ranks,
}

impl<T> Posted<T> {
    /// Waits until it is there.
    ///
    /// # Errors
    /// Another rank has ended, or the link does not work.
    pub fn wait(self) -> Result<T, Lost> {
        let start = Instant::now();
        let got = self.answer.recv();
        let took = start.elapsed().as_nanos() as u64;
        self.ranks.0.waited.fetch_add(took, Ordering::Relaxed);
        got.unwrap_or(Err(Lost::Ended))
    }
}

/// No code to end all ranks with.
const GOES_ON: i32 = -1;

impl Ranks {
    /// Begins with a link that is opened in the thread that will talk to it. `open` is given what holds
    /// the code that all ranks are to end with once that is not negative.
    ///
    /// # Errors
    /// The link does not open.
    pub fn start(
        open: impl FnOnce(Arc<AtomicI32>) -> Result<Box<dyn Link>, Lost> + Send + 'static,
    ) -> Result<Self, Lost> {
        let (jobs, given) = channel::<Job>();
        let (told, known) = channel();
        let ending = Arc::new(AtomicI32::new(GOES_ON));
        let code = ending.clone();
        let work = move || match open(code) {
            Ok(mut link) => {
                let _ = told.send(Ok(link.crowd()));
                given.into_iter().for_each(|job| job.done(link.as_mut()));
            }
            Err(lost) => drop(told.send(Err(lost))),
        };
        let thread = Builder::new().name("ranks".into()).spawn(work);
        let thread = thread.map_err(|error| Lost::Unopened(error.to_string()))?;
        let crowd = known.recv().unwrap_or(Err(Lost::Ended))?;
        Ok(Self(Arc::new(Inner {
            crowd,
            jobs: Mutex::new(Some(jobs)),
            thread: Mutex::new(Some(thread)),
            waited: AtomicU64::new(0),
            ending,
        })))
    }

    /// Which rank this is, from 0.
    pub fn rank(&self) -> usize {
        self.0.crowd.rank
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.crowd.count
    }

    /// How many there are on this machine.
    pub fn here(&self) -> usize {
        self.0.crowd.here
    }

    /// Which of those on this machine this is, from 0.
    pub fn place(&self) -> usize {
        self.0.crowd.place
    }

    /// Whether this is the rank that writes and speaks.
    pub fn is_first(&self) -> bool {
        self.rank() == 0
    }

    /// How long this rank has waited for others so far.
    pub fn waited(&self) -> Duration {
        Duration::from_nanos(self.0.waited.load(Ordering::Relaxed))
    }

    /// Begins to join numbers of all ranks, run by run.
    pub fn join(&self, numbers: Vec<f64>, runs: Vec<Run>) -> Posted<Vec<f64>> {
        debug_assert_eq!(numbers.len(), runs.iter().map(|run| run.len).sum::<usize>());
        self.post(|answer| Job::Numbers(numbers, runs, answer))
    }

    /// Begins to add up vectors of all ranks.
    pub fn add(&self, vector: Vec<f32>) -> Posted<Vec<f32>> {
        self.post(|answer| Job::Vector(vector, answer))
    }

    /// The sums of some numbers over all ranks.
    ///
    /// # Errors
    /// As [`Posted::wait`].
    pub fn sums(&self, numbers: &[f64]) -> Result<Vec<f64>, Lost> {
        let run = Run { rule: Rule::Sum, len: numbers.len() };
        self.join(numbers.to_vec(), vec![run]).wait()
    }

    /// The largest of all ranks' numbers.
    ///
    /// # Errors
    /// As [`Posted::wait`].
    pub fn largest(&self, number: f64) -> Result<f64, Lost> {
        let run = Run { rule: Rule::Max, len: 1 };
        Ok(self.join(vec![number], vec![run]).wait()?[0])
    }

    /// What the first rank says, to all.
    ///
    /// # Errors
    /// As [`Posted::wait`].
    pub fn told(&self, said: &[u8]) -> Result<Vec<u8>, Lost> {
        let said = if self.is_first() { said } else { &[] };
        let len = self.sums(&[said.len() as f64])?[0] as usize;
        let mut bytes = vec![0.0; len];
        bytes.iter_mut().zip(said).for_each(|(to, byte)| *to = f64::from(*byte));
        Ok(self.sums(&bytes)?.into_iter().map(|byte| byte as u8).collect())
    }

    fn post<T>(&self, job: impl FnOnce(Sender<Result<T, Lost>>) -> Job) -> Posted<T> {
        let (answer, answered) = channel();
        let jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jobs) = jobs.as_ref() {
            // Nobody takes it where the thread has ended, and then nobody answers.
            let _ = jobs.send(job(answer));
        }
        Posted { answer: answered, ranks: self.clone() }
    }

    /// Has all ranks end at once with an exit code, where their link can do that.
    pub fn abort(&self, code: u8) {
        self.0.ending.store(i32::from(code), Ordering::SeqCst);
        self.0.end();
    }
}

impl Job {
    fn done(self, link: &mut dyn Link) {
        // Nobody may listen any more.
        match self {
            Job::Numbers(mut numbers, runs, answer) => {
                let done = reduce::numbers(link, &mut numbers, &runs);
                let _ = answer.send(done.map(|()| numbers));
            }
            Job::Vector(mut vector, answer) => {
                let done = reduce::vector(link, &mut vector);
                let _ = answer.send(done.map(|()| vector));
            }
        }
    }
}

impl Inner {
    fn end(&self) {
        *self.jobs.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The others would wait for ever.
            self.ending.store(PANICKED, Ordering::SeqCst);
        }
        self.end();
    }
}

/// What a program ends with that has panicked.
const PANICKED: i32 = 101;

#[cfg(test)]
mod tests;
