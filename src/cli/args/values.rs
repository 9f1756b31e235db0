//! Values of options, read and checked.

use std::ops::RangeInclusive;
use std::path::Path;

use crate::data::{Name, Set};
use crate::engine::wgpu::chips::{CHIPS, Chip};
use crate::train::epochs::Epochs;

pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    let given = pair(text).filter(|(_, value)| !value.is_empty());
    given.ok_or_else(|| "write a name, =, and a value: --set depth=20".into())
}

pub(super) fn change(text: &str) -> Result<(String, String), String> {
    // Without a value, the key is taken away.
    let wrong = "write a key of the recipe, =, and a value: --with schedule.lr=0.05";
    pair(text).ok_or_else(|| wrong.into())
}

/// A name and what stands behind =, which may be nothing.
fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}

/// A chip that is known, in whatever case and with whatever between words.
pub(super) fn chip(text: &str) -> Result<&'static Chip, String> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_', ' '], "");
    let found = CHIPS.iter().find(|chip| plain(chip.name) == plain(text));
    found.ok_or_else(|| {
        let known = CHIPS.each_ref().map(|chip| chip.name);
        format!("no chip that is known; there are {}", known.join(", "))
    })
}

pub(super) fn set(text: &str) -> Result<Set, String> {
    let set = Set::parse(text, Path::new("")).ok_or_else(|| {
        let plain: String = text.chars().filter(|c| !"-_ ".contains(*c)).collect();
        let meant = Name::parse(&plain.to_lowercase());
        let meant =
            meant.map_or_else(String::new, |name| format!("; did you mean {}?", name.text()));
        format!("must be {}{meant}", Set::known())
    })?;
    match &set {
        Set::Known(_) => Ok(set),
        Set::Folder(folder) => official(folder).map_or(Ok(set.clone()), Err),
    }
}

/// What to say of a folder of a set's official files where one of pictures is meant.
fn official(folder: &Path) -> Option<String> {
    let holds = |file: &str| folder.join(file).is_file();
    let (file, name) = [("data_batch_1", "cifar10"), ("train", "cifar100")]
        .into_iter()
        .find(|(file, _)| holds(file) || holds(&format!("{file}.bin")))?;
    let flag =
        format!("name the set, and its folder by --data: {name} --data {}", folder.display());
    Some(match holds(&format!("{file}.bin")) {
        true => {
            format!("it holds the official files of {name}, and no folders of pictures; {flag}")
        }
        false => format!(
            "it holds {name} as Python's pickles; rnetc reads the binary version, which it fetches for {name}"
        ),
    })
}

/// Names of classes, by number.
#[derive(Clone, Debug)]
pub struct Names(pub Vec<String>);

/// A list with commas, or a file with a name a line.
pub(super) fn class_names(text: &str) -> Result<Names, String> {
    let path = Path::new(text);
    let list: Vec<String> = if path.is_file() {
        let text = crate::cli::text_file::read(path)
            .map_err(|error| error.text().unwrap_or("it cannot be read").to_string())?;
        text.lines().map(|line| line.trim().to_string()).filter(|line| !line.is_empty()).collect()
    } else {
        text.split(',').map(|name| name.trim().to_string()).collect()
    };
    match list.iter().enumerate().find(|(at, name)| name.is_empty() || list[..*at].contains(name)) {
        Some((at, name)) if name.is_empty() => Err(format!("name {} is empty", at + 1)),
        Some((_, name)) => Err(format!("{name} stands twice")),
        None if list.len() < 2 => Err("no file of that name is here, and a net has more classes \
            than one: write names with commas"
            .into()),
        None => Ok(Names(list)),
    }
}

pub(super) fn batch(text: &str) -> Result<usize, String> {
    between(text, crate::train::recipe::MOST_BATCH)
}

pub(super) fn side(text: &str) -> Result<usize, String> {
    between(text, crate::train::recipe::MOST_RESIZE)
}

/// A length, which need not be whole.
pub(super) fn epochs(text: &str) -> Result<Epochs, String> {
    const MOST: f64 = 1e6;
    match text.parse() {
        Ok(epochs) if epochs > 0.0 && epochs <= MOST => Ok(Epochs(epochs)),
        Ok(_) | Err(_) => Err(format!("a number above 0, at most {MOST}: 30, or 9.9")),
    }
}

pub(super) fn threads(text: &str) -> Result<usize, String> {
    between(text, 1024)
}

/// `3..7` (both ends included), or `3`.
pub(super) fn amounts(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if 1 <= first && first <= last => Ok(first..=last),
        _ => Err("write a range of whole numbers from 1 on, both ends included: 1..20".into()),
    }
}

/// `1e-5..10`.
pub(super) fn rates(text: &str) -> Result<(f64, f64), String> {
    let ends = text.split_once("..").map(|(low, high)| (low.trim().parse(), high.trim().parse()));
    match ends {
        Some((Ok(low), Ok(high))) if 0.0 < low && low < high && high <= 1e6 && low >= 1e-30 => {
            Ok((low, high))
        }
        Some(_) | None => Err("write two rates above 0, the lower first: 1e-5..10".into()),
    }
}

fn between(text: &str, most: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(n) if (1..=most).contains(&n) => Ok(n),
        Ok(_) | Err(_) => Err(format!("must be a whole number from 1 to {most}")),
    }
}
