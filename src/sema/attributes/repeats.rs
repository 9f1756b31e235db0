//! How often stages are repeated.

use crate::diagnostic::{Code, Diagnostic};
use crate::sema::hir::Plain;
use crate::sema::plain::Env;
use crate::text::short;

/// How often a stage is repeated.
pub fn times(plain: &Plain, most: usize, env: &Env<'_>) -> Result<usize, Diagnostic> {
    all_times(&[plain], env)?;
    let number = env.number(plain)?;
    if number > most as f64 {
        return Err(Diagnostic::error(
            Code::TooLarge,
            plain.span,
            format!("a stage is repeated {} times; the most is {most}", short(number)),
        )
        .label("too many")
        .hint("repeat it less often"));
    }
    Ok(number as usize)
}

/// Whether stages can be repeated so often: one message for all of them, and values of a parameter
/// with which all can.
pub fn all_times(all: &[&Plain], env: &Env<'_>) -> Result<(), Diagnostic> {
    let fits = |n: f64| n.fract() == 0.0 && n >= 0.0;
    let mut wrong = all.iter().filter_map(|plain| {
        let number = env.number(plain).ok().filter(|&number| !fits(number))?;
        Some((plain.span, short(number)))
    });
    let Some((span, number)) = wrong.next() else { return Ok(()) };
    let message = format!("a stage is repeated a whole number of times, not {number} times");
    let error =
        Diagnostic::error(Code::ArgumentRange, span, message).label(format!("this is {number}"));
    let error =
        wrong.fold(error, |error, (span, number)| error.also(span, format!("this is {number}")));
    let advice = env.advice(|env| all.iter().all(|plain| env.number(plain).is_ok_and(fits)));
    Err(error.hint(advice.unwrap_or_else(|| "write 0, 1, 2, …".into())))
}
