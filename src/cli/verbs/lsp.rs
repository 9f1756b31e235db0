//! `rnetc lsp`.

use lsp_server::Connection;

use crate::cli::Failure;
use crate::lsp;

/// Serves an editor over standard input and output.
pub fn lsp() -> Result<(), Failure> {
    let (connection, threads) = Connection::stdio();
    lsp::serve(&connection).map_err(|error| Failure::File(format!("the editor: {error}")))?;
    // The writer ends when the last sender is gone.
    drop(connection);
    threads.join().map_err(|error| Failure::File(format!("the editor: {error}")))
}
