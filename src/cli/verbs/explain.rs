//! `rnetc explain`: more about each code; the text of a recipe; what there is.

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{ExplainArgs, Format};
use crate::cli::show::messages;
use crate::cli::show::output::{json, say};
use crate::diagnostic::{Code, Severity};
use crate::train::recipe::BUNDLED;

/// Prints what a code is about, with an example; a list of codes; or a recipe as it is written.
pub fn explain(args: &ExplainArgs) -> Result<(), Failure> {
    let Some(asked) = &args.code else { return all(args.format) };
    let wanted = asked.trim().to_lowercase();
    if let Some(kinds) = kinds(&wanted) {
        return codes(kinds, args.format);
    }
    if let Some((recipe, text)) = BUNDLED.iter().find(|(name, _)| *name == wanted) {
        return told(Told::Recipe { recipe, text: Some(text) }, args.format);
    }
    let code = Code::ALL.iter().find(|code| is(**code, &wanted)).ok_or_else(|| unknown(asked))?;
    told(Told::code(*code, Some(text(*code))), args.format)
}

/// What is told of one thing; of a list, without its text.
#[derive(Serialize)]
#[serde(untagged)]
enum Told {
    Code {
        code: &'static str,
        severity: &'static str,
        title: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'static str>,
    },
    Recipe {
        recipe: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<&'static str>,
    },
}

impl Told {
    fn code(code: Code, text: Option<&'static str>) -> Self {
        let severity = messages::severity(code.severity());
        Told::Code { code: code.text(), severity, title: code.title(), text }
    }
}

fn told(told: Told, format: Format) -> Result<(), Failure> {
    match (format, told) {
        (Format::Json, told) => json(&told)?,
        (Format::Text, Told::Code { code, title, text: Some(text), .. }) => {
            say(format_args!("{code}: {title}\n\n{text}"));
        }
        (Format::Text, Told::Code { code, title, text: None, .. }) => {
            say(format_args!("{code}  {title}"));
        }
        (Format::Text, Told::Recipe { recipe, text }) => say(text.unwrap_or(recipe).trim_end()),
    }
    Ok(())
}

fn codes(kinds: &[Severity], format: Format) -> Result<(), Failure> {
    let mut codes = Code::ALL.iter().filter(|code| kinds.contains(&code.severity()));
    codes.try_for_each(|code| told(Told::code(*code, None), format))
}

/// What can be explained.
fn all(format: Format) -> Result<(), Failure> {
    codes(&[Severity::Error, Severity::Warning], format)?;
    let mut recipes = BUNDLED.iter().map(|(recipe, _)| *recipe);
    match format {
        Format::Text => {
            let recipes: Vec<&str> = recipes.collect();
            say(format_args!("recipes: {}", recipes.join(", ")));
            say("`rnetc explain CODE` tells more; `rnetc explain RECIPE` prints one");
            Ok(())
        }
        Format::Json => {
            recipes.try_for_each(|recipe| told(Told::Recipe { recipe, text: None }, format))
        }
    }
}

/// Lists: `errors`, `warnings`, `codes`.
fn kinds(wanted: &str) -> Option<&'static [Severity]> {
    match wanted {
        "errors" | "error" => Some(&[Severity::Error]),
        "warnings" | "warning" => Some(&[Severity::Warning]),
        "codes" | "all" => Some(&[Severity::Error, Severity::Warning]),
        _ => None,
    }
}

/// `W0004` as it is, or without its zeros.
fn is(code: Code, wanted: &str) -> bool {
    let (letter, digits) = code.text().split_at(1);
    let number = wanted.strip_prefix(&letter.to_lowercase());
    number.is_some_and(|number| {
        !number.is_empty() && number.trim_start_matches('0') == digits.trim_start_matches('0')
    })
}

fn unknown(code: &str) -> Failure {
    let all: Vec<_> = Code::ALL.iter().map(|code| code.text()).collect();
    let recipes = BUNDLED.map(|(name, _)| name).join(", ");
    Failure::Usage(format!(
        "no code {code}; there are {}; the lists `errors` and `warnings`; the recipes {recipes}",
        all.join(", ")
    ))
}

fn text(code: Code) -> &'static str {
    match code {
        Code::Syntax => {
            "A spec is a list of units and one net:\n\n    \
             unit NAME(parameters) { F = conv(3x3, 16) -> bn   y = x + F(x) }\n    \
             net NAME(parameters) { input(3, 32, 32) -> … -> linear(classes) }\n\n\
             The marked place is where the text stops making sense; the mistake is there or \
             just before it: a missing -> between two layers, a bracket left open."
        }
        Code::UnknownName => {
            "Layers, units, parameters and bindings must be known where they are used. Units \
             may stand in any order; the names of a unit's bindings are known in that unit only."
        }
        Code::DuplicateName => {
            "Two definitions of one name in one place. Rename one of them; a layer's name \
             cannot be used for a unit either."
        }
        Code::Arity => {
            "A layer or unit was given more arguments than it takes, or lacks one that has no \
             default:\n\n    conv(3x3)       lacks the number of channels\n    \
             conv(3x3, 16)   is whole"
        }
        Code::UnknownArgument => {
            "The argument's name is not one that this layer or unit knows:\n\n    \
             conv(3x3, 16, strides: 2)   has no `strides`\n    \
             conv(3x3, 16, stride: 2)    is meant"
        }
        Code::ArgumentRange => {
            "The argument is known, and its value makes no sense there: a stride of 0, a \
             fraction of a channel, a probability above 1."
        }
        Code::TypeMismatch => {
            "A chain of layers, a number and a value of the net are three things. A chain is \
             applied to a value by brackets: F(x). Numbers scale values: 0.5 * h(x)."
        }
        Code::ShapeMismatch => {
            "The two sides of +, - or * need the same shape, channels × rows × columns, but for \
             axes of length 1. After a stride or a change of width the shortcut must change \
             too:\n\n    h = shortcut(width, stride: stride)\n    y = h(x) + F(x)"
        }
        Code::Cycle => {
            "A unit that contains itself, or a binding that needs its own value, never comes \
             to an end. Repetition is written n times: preact(16) * n."
        }
        Code::Arithmetic => {
            "Division by zero, a repetition by a fraction or a number too large. Depth 6n+2 \
             leaves a whole n for 20, 32, 44, 56, 110, …"
        }
        Code::NetStructure => {
            "A spec has exactly one net. It begins with input(channels, rows, columns) and ends \
             with one number for each class, usually by global_avg_pool -> linear(classes)."
        }
        Code::TooLarge => {
            "The net has more layers, parameters or pixels than the compiler takes. Look for a \
             depth or width with a digit too many."
        }
        Code::UnknownSetting => {
            "--set replaces the default of one of the net's parameters, and this net has none \
             of that name, or none of that kind. `net NAME(depth = 110, classes = 10)` takes \
             --set depth=20 and --set classes=100."
        }
        Code::UnitStructure => {
            "A unit says what it yields: y = …, an expression over x. After that f, if there is \
             one, is applied:\n\n    \
             unit original(width) { F = …   y = x + F(x)   f = relu }"
        }
        Code::Unused => {
            "Something is defined and never used. That is allowed, and often a sign that \
             another name was meant. A line `// allow W0001: why` in the spec silences it, as it does \
             every warning."
        }
        Code::ShortcutActivation => {
            "A ReLU that every signal on the shortcut passes, in f or in h, cuts off what is \
             negative, unit after unit: x_L is no longer x_l plus a sum of F (He et al. 2016, equation 4). \
             Full pre-activation puts BN and ReLU in front of each convolution:\n\n    \
             F = bn -> relu -> conv(3x3, width) -> bn -> relu -> conv(3x3, width)\n    \
             y = x + F(x)\n\n\
             CIFAR-10 test error with f = relu and with full pre-activation (He et al. 2016, Tables 2, 3):\n\n    \
             ResNet-110   6.61   6.37\n    ResNet-164   5.93   5.46\n    \
             ResNet-1001  7.61   4.92\n\n\
             // allow W0002: why   on a line of its own silences it."
        }
        Code::ShortcutNotIdentity => {
            "What stands on the shortcut multiplies, unit after unit: with h(x) = 0.5 x, what 54 \
             units pass on directly is 5.6e-17 of it (He et al. 2016, equations 6 to 8). CIFAR-10 test error of \
             ResNet-110 (He et al. 2016, Table 1), 6.61 with the identity:\n\n    \
             0.5 on the shortcut            fails (over 20)\n    \
             0.5 on both sides              12.35\n    \
             exclusive gate, bias -6        8.70\n    \
             shortcut-only gate, bias -6    6.91\n    \
             1x1 convolution                12.22\n    \
             dropout 0.5                    fails\n    \
             no shortcut                    fails\n\n\
             // allow W0003: why   on a line of its own silences it."
        }
        Code::Slashes => {
            "In other languages `depth // 6` is a division that rounds down. Here `//` begins a \
             comment, so that the expression is `depth` alone. Divide with `/`; where a whole \
             number is needed the quotient must be one, as in the depth of a net:\n\n    \
             let n = (depth - 2) / 6\n\n\
             A comment in words is never taken for a division."
        }
        Code::Order => {
            "Pictures are given channels first, and the third place of a convolution is its \
             stride; other tools have channels last, or the padding there:\n\n    \
             input(3, 32, 32)               3 channels of 32×32 pixels\n    \
             conv(5x5, 16, stride: 2)       every second pixel\n    \
             conv(5x5, 16, padding: 2)      two zeros on each side, as by default\n\n\
             // allow W0005: why   on a line of its own silences it."
        }
        Code::Head => {
            "A net ends with one number for each class, its score, and the loss (softmax and \
             cross-entropy) reads them as they are. A ReLU there cuts half of them away, a \
             sigmoid bounds them, dropout loses some. Two linear layers with nothing between \
             compute what one can:\n\n    -> global_avg_pool -> linear(classes)\n    \
             -> linear(128) -> relu -> linear(classes)\n\n\
             // allow W0007: why   on a line of its own silences it."
        }
        Code::Tied => {
            "A name has one set of weights wherever it stands. Repeated, or twice in a chain, it is \
             one layer that is passed several times; a layer that is written out has a set each \
             time:\n\n    c = conv(3x3, width)\n    F = c -> relu -> c                     one set\n    \
             F = conv(3x3, width) -> relu -> conv(3x3, width)   two sets\n    \
             F = conv(3x3, width) * 2               two sets\n\n\
             // allow W0009: why   on a line of its own silences it."
        }
        Code::EvenKernel => {
            "Padding is half the kernel, rounded down, on each side. An odd kernel keeps the size \
             of the picture; with an even one it grows by a pixel each time, as with the same \
             padding in PyTorch:\n\n    conv(2x2, 16)               32×32 pixels become 33×33\n    \
             conv(2x2, 16, padding: 0)   31×31\n    conv(3x3, 16)               32×32\n\n\
             // allow W0006: why   on a line of its own silences it."
        }
        Code::SingleValue => {
            "In training, batch norm subtracts the mean over the batch's pictures and their pixels. \
             With one picture in a batch and one pixel in it, as behind global_avg_pool, that mean \
             is the value itself: what is left is 0, and the output β, whatever the input was. No \
             gradient passes back, so that nothing in front of it in its branch learns. Evaluation, \
             with running statistics, is another function. With bn(ghost: 32) that holds of each part of \
             the batch, and the last one has what is left: 1 of 65. Train with a larger batch, or put bn \
             where there are more pixels:\n\n    \
             conv(1x1, 64) -> bn -> relu -> global_avg_pool"
        }
        Code::Ghost => {
            "With bn(ghost: 512), each 512 pictures of a batch are normalised by themselves. A batch that \
             has fewer is one part, so that the layer is plain batch norm, with statistics over fewer \
             pictures than the spec says. Train with the batch that it was meant for, or write smaller \
             parts:\n\n    bn(ghost: 32)\n\n\
             // allow W0010: why   on a line of its own silences it."
        }
    }
}
