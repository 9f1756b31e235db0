//! Ranks that are threads of one process.

use std::sync::mpsc::{Receiver, Sender, channel};

use super::Ranks;
use super::link::{Crowd, Link, Lost};

/// A rank's channels to and from all of them, by rank.
struct Channels {
    crowd: Crowd,
    out: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
}

impl Link for Channels {
    fn crowd(&self) -> Crowd {
        self.crowd
    }

    fn exchange(&mut self, with: usize, out: &[u8], into: &mut [u8]) -> Result<(), Lost> {
        self.out[with].send(out.to_vec()).map_err(|_| Lost::Gone(with))?;
        let got = self.from[with].recv().map_err(|_| Lost::Gone(with))?;
        if got.len() != into.len() {
            return Err(Lost::Apart { rank: with, sent: got.len(), room: into.len() });
        }
        into.copy_from_slice(&got);
        Ok(())
    }
}

/// So many ranks of this process, each for a thread of its own.
///
/// # Errors
/// There are no threads for them.
pub fn ranks(count: usize) -> Result<Vec<Ranks>, Lost> {
    let mut out: Vec<Vec<Sender<Vec<u8>>>> = (0..count).map(|_| Vec::new()).collect();
    let mut from: Vec<Vec<Receiver<Vec<u8>>>> = (0..count).map(|_| Vec::new()).collect();
    for to in &mut from {
        for one in &mut out {
            let (sender, receiver) = channel();
            one.push(sender);
            to.push(receiver);
        }
    }
    let each = out.into_iter().zip(from).enumerate();
    each.map(|(rank, (out, from))| {
        let crowd = Crowd { rank, count, here: count, place: rank };
        Ranks::start(move |_| Ok(Box::new(Channels { crowd, out, from })))
    })
    .collect()
}
