//! The GPU engine against the f64 interpreter, on whatever adapter there is.

use std::sync::OnceLock;

use rnetc::engine::wgpu::WgpuEngine;

mod compare;
mod nets;
mod ops;
mod runs;
mod text;

/// The engine, or a visible line that there is none. With `RNETC_REQUIRE_WGPU=1` its absence is
/// a failure.
fn engine() -> Option<WgpuEngine> {
    static ENGINE: OnceLock<Option<WgpuEngine>> = OnceLock::new();
    let open = || match WgpuEngine::new() {
        Ok(engine) => Some(engine),
        Err(error) => {
            assert!(std::env::var("RNETC_REQUIRE_WGPU").as_deref() != Ok("1"), "{error}");
            // Past the test harness's capture, so that it is seen in every run.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr().lock(), "skipped: no wgpu adapter ({error})");
            None
        }
    };
    ENGINE.get_or_init(open).clone()
}
