//! What single stages of the compiler leave, as text.

mod cpu;
mod files;
mod text;

use rnetc::network::Network;
use rnetc::sema;
use rnetc::source::Source;

/// The network of a spec.
fn network(name: &str, text: &str, settings: &[(String, String)]) -> Network {
    let source = Source::new(name, text);
    sema::compile(&source, settings).expect("a correct spec").network
}
