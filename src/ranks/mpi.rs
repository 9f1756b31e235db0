//! Ranks that a launcher of MPI has started (`mpirun`, `srun`).
//!
//! The thread that opens the link is the only one that calls MPI, as `MPI_THREAD_FUNNELED` wants it. It asks
//! whether a message has come rather than wait inside MPI, which would keep a core busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use mpi::Threading;
use mpi::environment::Universe;
use mpi::point_to_point::Status;
use mpi::request::Request;
use mpi::topology::{Communicator, SimpleCommunicator};
use mpi::traits::{Destination, Equivalence, Source};

use super::Ranks;
use super::link::{Crowd, Link, Lost};

/// Most bytes of a message: MPI counts them in 32 bits.
const MOST: usize = 1 << 30;

/// How often it is asked for a message before the thread sleeps in between.
const POLLS: u32 = 200;

/// How long it sleeps.
const PAUSE: Duration = Duration::from_micros(30);

/// This process among those that were started together.
///
/// # Errors
/// There is no MPI, or it does not work with threads.
pub fn start() -> Result<Ranks, Lost> {
    Ranks::start(|ending| Ok(Box::new(World::open(ending)?)))
}

struct World {
    crowd: Crowd,
    all: SimpleCommunicator,
    ending: Arc<AtomicI32>,
    /// Ends MPI when it is dropped.
    _universe: Universe,
}

impl World {
    fn open(ending: Arc<AtomicI32>) -> Result<Self, Lost> {
        let unopened = |why: &str| Lost::Unopened(why.to_owned());
        let found = mpi::initialize_with_threading(Threading::Funneled);
        let (universe, threading) = found.ok_or_else(|| unopened("MPI is begun already"))?;
        if threading < Threading::Funneled {
            return Err(unopened("this MPI does not work in a program that has threads"));
        }
        let all = universe.world();
        let machine = all.split_shared(all.rank());
        let numbers = [all.rank(), all.size(), machine.size(), machine.rank()];
        let [rank, count, here, place] = numbers.map(|number| number as usize);
        let crowd = Crowd { rank, count, here, place };
        Ok(Self { crowd, all, ending, _universe: universe })
    }

    /// Ends all ranks if this one is to end.
    fn check(&self) {
        let code = self.ending.load(Ordering::SeqCst);
        if code >= 0 {
            self.all.abort(code);
        }
    }

    /// Waits until a request is done.
    fn finish<'a, D: ?Sized, S: mpi::request::Scope<'a>>(
        &self,
        mut request: Request<'a, D, S>,
    ) -> Status {
        let mut polls = 0;
        loop {
            request = match request.test() {
                Ok(status) => return status,
                Err(unfinished) => unfinished,
            };
            self.check();
            polls += 1;
            if polls < POLLS {
                std::thread::yield_now();
            } else {
                std::thread::sleep(PAUSE);
            }
        }
    }
}

impl Link for World {
    fn crowd(&self) -> Crowd {
        self.crowd
    }

    fn exchange(&mut self, with: usize, out: &[u8], into: &mut [u8]) -> Result<(), Lost> {
        let other = self.all.process_at_rank(with as i32);
        let mut sent = out.chunks(MOST);
        let mut received = into.chunks_mut(MOST);
        loop {
            let (out, into) = (sent.next(), received.next());
            if out.is_none() && into.is_none() {
                return Ok(());
            }
            let room = into.as_ref().map_or(0, |into| into.len());
            let sent = mpi::request::scope(|scope| {
                let receiving = into.map(|into| other.immediate_receive_into(scope, into));
                let sending = out.map(|out| other.immediate_send(scope, out));
                let received = receiving.map(|request| self.finish(request));
                sending.map(|request| self.finish(request));
                received.map_or(0, |status| status.count(u8::equivalent_datatype()) as usize)
            });
            if sent != room {
                return Err(Lost::Apart { rank: with, sent, room });
            }
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // The others may wait for this one, and so would the end of MPI.
        self.check();
    }
}
