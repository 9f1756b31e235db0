//! README.md and the guide in `docs/`: what they show compiles, parses, runs and leads somewhere.
//!
//! A comment of HTML before a block of code says what a test does with it:
//!
//! - `<!-- run -->`: its lines `$ …` are run, in the order of the page, in one fresh folder; what it
//!   shows as printed must be printed, but for numbers. `<!-- run, exit 1 -->`: the last one ends so.
//! - `<!-- run: A => B; + C -->`: before that, A is written as B in each line, and C is added.
//! - `<!-- file NAME -->`: the block is that file, from there on; `<!-- file NAME: A => B -->`.
//! - `<!-- before: LINE -->`: a line is run that the page does not show.
//! - `<!-- not run: why -->`.

mod commands;
mod library;
mod lines;
mod links;
mod page;
mod run;
mod shown;
mod specs;
