//! The `rnetc` program.

fn main() -> std::process::ExitCode {
    rnetc::main()
}
