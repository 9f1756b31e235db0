//! One argument of a layer, read as what is wanted of it.

use std::ops::RangeInclusive;

use crate::diagnostic::{Code, Diagnostic};
use crate::network::{Draw, Layer, Per, Start};
use crate::sema::hir::Plain;
use crate::sema::layers::{LayerName, Word};
use crate::sema::plain::{Env, Term};
use crate::sema::windows::Padding;
use crate::source::Span;
use crate::text::short;

/// Sides of kernels and windows.
pub(super) const KERNELS: RangeInclusive<usize> = 1..=64;

/// Pictures of a part of a batch, at most as many as a batch has.
const GHOSTS: RangeInclusive<usize> = 1..=65_536;

/// Numbers are stored so.
const SINGLE: &str = "learned numbers are 32-bit floating-point numbers";
/// And drawn.
pub(super) const SINGLE_DRAW: &str = "draws are 32-bit floating-point numbers";

/// Whether a number is one in single precision too.
pub(super) fn is_single(number: f64) -> bool {
    (number as f32).is_finite()
}

/// One argument of a layer.
pub(super) struct Slot<'a> {
    pub layer: LayerName,
    pub name: &'static str,
    pub plain: Option<&'a Plain>,
    pub span: Span,
    pub env: &'a Env<'a>,
}

impl Slot<'_> {
    pub fn wrong(&self, code: Code, wanted: &str, found: impl std::fmt::Display) -> Diagnostic {
        let span = self.plain.map_or(self.span, |plain| plain.span);
        let (name, layer) = (self.name, self.layer.text());
        let message = format!("{name} of `{layer}` must be {wanted}, and this is {found}");
        Diagnostic::error(code, span, message).label(format!("this is {found}"))
    }

    pub fn term(&self) -> Result<Option<Term>, Diagnostic> {
        self.plain.map(|plain| self.env.eval(plain)).transpose()
    }

    pub fn whole(
        &self,
        range: RangeInclusive<usize>,
        default: Option<usize>,
    ) -> Result<usize, Diagnostic> {
        let (low, high) = (*range.start() as i64, *range.end() as i64);
        let found = self.integer(low..=high, default.map(|default| default as i64))?;
        // It lies in the range.
        Ok(found as usize)
    }

    pub fn integer(
        &self,
        range: RangeInclusive<i64>,
        default: Option<i64>,
    ) -> Result<i64, Diagnostic> {
        let (low, high) = (*range.start() as f64, *range.end() as f64);
        let fits = |n: f64| n.fract() == 0.0 && (low..=high).contains(&n);
        let wanted = format!("a whole number from {low} to {high}");
        match (self.term()?, default, self.plain) {
            (Some(Term::Number(number)), _, _) if fits(number) => Ok(number as i64),
            (Some(Term::Number(number)), _, Some(plain)) => {
                let advice = self.env.advice(|env| env.number(plain).is_ok_and(fits));
                let hint = advice.unwrap_or_else(|| format!("write {wanted}"));
                Err(self.wrong(Code::ArgumentRange, &wanted, short(number)).hint(hint))
            }
            (None, Some(default), _) => Ok(default),
            (Some(other), _, _) => Err(self.not(&wanted, other)),
            (None, None, _) => Err(self.absent()),
        }
    }

    pub fn not(&self, wanted: &str, found: Term) -> Diagnostic {
        self.wrong(Code::TypeMismatch, wanted, format!("`{found}`")).hint(format!("write {wanted}"))
    }

    /// A required argument is always there; names were checked before numbers.
    pub fn absent(&self) -> Diagnostic {
        let message = format!("`{}` is not given {}", self.layer.text(), self.name);
        Diagnostic::error(Code::Arity, self.span, message).hint(format!("add {}: …", self.name))
    }

    pub fn kernel(&self) -> Result<[usize; 2], Diagnostic> {
        let wanted = "rows x columns, each from 1 to 64";
        match self.term()? {
            Some(Term::Kernel(sides)) if sides.iter().all(|side| KERNELS.contains(side)) => {
                Ok(sides)
            }
            Some(found @ Term::Kernel(_)) => {
                let hint = "write a kernel such as 3x3";
                Err(self.wrong(Code::ArgumentRange, wanted, found).hint(hint))
            }
            Some(found @ Term::Number(n)) => {
                let hint = format!("kernels are written rows x columns: {n}x{n}");
                Err(self.wrong(Code::TypeMismatch, wanted, found).hint(hint))
            }
            Some(found @ Term::Word(_)) => Err(self.not("a kernel such as 3x3", found)),
            None => Err(self.absent()),
        }
    }

    /// A number for rows and columns alike, or rows x columns.
    pub fn sides(
        &self,
        range: RangeInclusive<usize>,
        default: Option<[usize; 2]>,
    ) -> Result<[usize; 2], Diagnostic> {
        let (low, high) = (range.start(), range.end());
        match (self.term()?, default) {
            (Some(Term::Kernel(sides)), _) if sides.iter().all(|n| range.contains(n)) => Ok(sides),
            (Some(found @ Term::Kernel(_)), _) => {
                let wanted = format!("rows x columns, each from {low} to {high}");
                let hint = format!("write {wanted}, or one number for both");
                Err(self.wrong(Code::ArgumentRange, &wanted, found).hint(hint))
            }
            (None, Some(default)) => Ok(default),
            (Some(Term::Number(_) | Term::Word(_)) | None, _) => Ok([self.whole(range, None)?; 2]),
        }
    }

    /// As `sides`, up to `most` rows and columns; or the word for as many as keep the size.
    pub fn padding(&self, most: [usize; 2], default: [usize; 2]) -> Result<Padding, Diagnostic> {
        if self.term()? == Some(Term::Word(Word::Same)) {
            return Ok(Padding::Same);
        }
        let [rows, columns] = most;
        let sides = self.sides(0..=rows.max(columns), Some(default))?;
        if sides[0] <= rows && sides[1] <= columns || self.plain.is_none() {
            return Ok(Padding::Around(sides));
        }
        let (wanted, found) = (format!("at most {rows}x{columns}"), Term::Kernel(sides));
        let hint = "more would leave windows with nothing but padding";
        Err(self.wrong(Code::ArgumentRange, &wanted, found).hint(hint))
    }

    pub fn probability(&self) -> Result<f64, Diagnostic> {
        let fits = |p: f64| (0.0..1.0).contains(&p);
        let wanted = "at least 0 and below 1";
        match (self.term()?, self.plain) {
            (Some(Term::Number(p)), _) if fits(p) => Ok(p),
            (Some(Term::Number(p)), plain) => {
                let advice = plain
                    .and_then(|plain| self.env.advice(|env| env.number(plain).is_ok_and(fits)));
                let hint = advice.unwrap_or_else(|| match (2.0..=100.0).contains(&p) {
                    true => format!("it is a probability: write {} for {p} %", p / 100.0),
                    false => "it is the probability of dropping".into(),
                });
                Err(self.wrong(Code::ArgumentRange, wanted, short(p)).hint(hint))
            }
            (Some(other), _) => Err(self.not("a number from 0 to 1", other)),
            (None, _) => Err(self.absent()),
        }
    }

    /// A number that fits what is wanted.
    pub fn number(
        &self,
        fits: impl Fn(f64) -> bool,
        wanted: &str,
        default: f64,
    ) -> Result<f64, Diagnostic> {
        match (self.term()?, self.plain) {
            (Some(Term::Number(number)), _) if fits(number) => Ok(number),
            (Some(Term::Number(number)), plain) => {
                let advice = plain
                    .and_then(|plain| self.env.advice(|env| env.number(plain).is_ok_and(&fits)));
                let hint = advice.unwrap_or_else(|| format!("write a number {wanted}"));
                Err(self.wrong(Code::ArgumentRange, wanted, short(number)).hint(hint))
            }
            (Some(other), _) => Err(self.not("a number", other)),
            (None, _) => Ok(default),
        }
    }

    pub fn bias(&self, default: Option<Option<f64>>) -> Result<Option<Option<f64>>, Diagnostic> {
        match self.term()? {
            None => Ok(default),
            Some(Term::Word(Word::None)) => Ok(None),
            Some(Term::Number(number)) if is_single(number) => Ok(Some(Some(number))),
            Some(found @ Term::Number(_)) => {
                Err(self.wrong(Code::ArgumentRange, "below 3.4e38", found).hint(SINGLE))
            }
            Some(found @ Term::Word(word @ (Word::True | Word::False))) => {
                let (name, usual) = (self.name, if self.name == "gamma" { 1 } else { 0 });
                let hint = match word == Word::True {
                    true => format!("a {name} is given by its first value: {name}: {usual}"),
                    false => format!("without a {name}: {name}: none"),
                };
                Err(self.wrong(Code::TypeMismatch, "a number or `none`", found).hint(hint))
            }
            Some(other) => Err(self.not("a number or `none`", other)),
        }
    }

    /// What something learned starts at.
    pub fn start(&self) -> Result<f64, Diagnostic> {
        self.single(SINGLE)
    }

    /// A bound of a draw, or what stands in for it.
    pub fn draw(&self) -> Result<f64, Diagnostic> {
        self.single(SINGLE_DRAW)
    }

    fn single(&self, why: &str) -> Result<f64, Diagnostic> {
        match self.term()? {
            Some(Term::Number(number)) if is_single(number) => Ok(number),
            Some(found @ Term::Number(_)) => {
                Err(self.wrong(Code::ArgumentRange, "below 3.4e38", found).hint(why))
            }
            Some(other) => Err(self.not("a number", other)),
            None => Err(self.absent()),
        }
    }

    /// How weights start, with the slot of the gain.
    pub fn init(&self, gain: Slot<'_>, usual: Start) -> Result<Start, Diagnostic> {
        let draw = match self.term()? {
            None => usual.draw,
            Some(Term::Word(Word::FanOut)) => Draw::FanOut,
            Some(Term::Word(Word::FanIn)) => Draw::FanIn,
            Some(Term::Word(Word::Uniform)) => Draw::Uniform,
            Some(Term::Word(Word::Zero)) => Draw::Zero,
            Some(Term::Word(Word::Dirac)) => Draw::Dirac,
            Some(Term::Word(Word::Whiten)) => Draw::Whiten,
            Some(Term::Number(0.0)) => {
                let hint = "a number is a standard deviation; zeros are init: zero";
                return Err(self.wrong(Code::ArgumentRange, "above 0", 0).hint(hint));
            }
            Some(Term::Number(_)) => Draw::Normal(self.positive(1.0)?),
            Some(other) => {
                let wanted = "fan_out, fan_in, uniform, zero, dirac, whiten or a number";
                return Err(self.not(wanted, other));
            }
        };
        Ok(Start { draw, gain: gain.positive(1.0)? })
    }

    /// A number above zero.
    pub fn positive(&self, default: f64) -> Result<f64, Diagnostic> {
        const MOST: f64 = 1e6;
        match self.term()? {
            None => Ok(default),
            Some(Term::Number(number)) if number > 0.0 && number <= MOST => Ok(number),
            Some(Term::Number(number)) => {
                let hint = match number > 0.0 {
                    true => "weights that large overflow",
                    false => "zeros are init: zero",
                };
                let wanted = "above 0 and at most 1e6";
                Err(self.wrong(Code::ArgumentRange, wanted, short(number)).hint(hint))
            }
            Some(other) => Err(self.not("a number", other)),
        }
    }

    /// What is added to a variance.
    pub fn epsilon(&self) -> Result<f64, Diagnostic> {
        let fits = |n: f64| n as f32 >= f32::MIN_POSITIVE && n <= 1.0;
        match self.term()? {
            None => Ok(Layer::EPSILON),
            Some(Term::Number(number)) if fits(number) => Ok(number),
            Some(Term::Number(number)) => {
                let layer = self.layer.text();
                let hint = match number > 1.0 {
                    true => {
                        format!("{layer} takes its width from what it reads: leave this number out")
                    }
                    false => "it keeps the division by the deviation finite: eps: 1e-5".to_owned(),
                };
                let wanted = "above 0 and at most 1";
                Err(self.wrong(Code::ArgumentRange, wanted, short(number)).hint(hint))
            }
            Some(other) => Err(self.not("a number such as 1e-5", other)),
        }
    }

    /// A share of a whole.
    pub fn share(&self, default: f64) -> Result<f64, Diagnostic> {
        match self.term()? {
            None => Ok(default),
            Some(Term::Number(number)) if (0.0..=1.0).contains(&number) => Ok(number),
            Some(Term::Number(number)) => {
                let hint = match self.name {
                    "momentum" => {
                        "it is the weight of the newest batch; where another tool keeps 0.99 of the old \
                         value, it is 0.01"
                    }
                    _ => "it is the probability of 1",
                };
                Err(self.wrong(Code::ArgumentRange, "from 0 to 1", short(number)).hint(hint))
            }
            Some(other) => Err(self.not("a number from 0 to 1", other)),
        }
    }

    /// Images of a part of the batch; none where it is whole.
    pub fn ghost(&self) -> Result<Option<usize>, Diagnostic> {
        match self.term()? {
            None | Some(Term::Word(Word::None)) => Ok(None),
            Some(Term::Number(0.0)) => {
                let wanted = "a whole number from 1 to 65536, or none";
                let error = self.wrong(Code::ArgumentRange, wanted, 0);
                Err(error.hint("a batch that is not divided has ghost: none"))
            }
            Some(Term::Number(_) | Term::Kernel(_) | Term::Word(_)) => {
                self.whole(GHOSTS, None).map(Some)
            }
        }
    }

    /// How often a number is drawn.
    pub fn per(&self, default: Per) -> Result<Per, Diagnostic> {
        let image = self.word(Word::Image, Word::Batch, default == Per::Image)?;
        Ok(if image { Per::Image } else { Per::Batch })
    }

    /// Whether there is one number a channel.
    pub fn each(&self) -> Result<bool, Diagnostic> {
        self.word(Word::Channel, Word::Tensor, true)
    }

    pub fn flag(&self, default: bool) -> Result<bool, Diagnostic> {
        self.word(Word::True, Word::False, default)
    }

    /// Whether the first of two words is given.
    pub fn word(&self, yes: Word, no: Word, default: bool) -> Result<bool, Diagnostic> {
        match self.term()? {
            None => Ok(default),
            Some(Term::Word(word)) if word == yes => Ok(true),
            Some(Term::Word(word)) if word == no => Ok(false),
            Some(other) => Err(self.not(&format!("`{}` or `{}`", yes.text(), no.text()), other)),
        }
    }
}
