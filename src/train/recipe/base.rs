//! Recipes that change another: in a file, under the key `base`, or key by key.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::optimiser::of_kinds;
use super::{BUNDLED, Recipe};
use crate::text::unmarked;
use crate::train::TrainError;
use crate::train::epochs::whole;
use crate::train::unclear::Fault;
use crate::train::yaml::{self, Mistake};

/// The key that names what a recipe changes.
const BASE: &str = "base";
/// Longest recipe that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// Most recipes, one on the other.
const MOST: usize = 16;

/// The courses of a rate; the last two begin low of themselves.
const COURSES: [&str; 4] = ["divide", "cosine", "one_cycle", "points"];

/// What a recipe's length is counted in.
const LENGTHS: [&str; 2] = ["iterations", "epochs"];

/// Keys that say the same in different ways: one that is given puts an end to the others.
const EITHER: &[(&str, &[&str])] = &[
    ("", &LENGTHS),
    ("schedule", &COURSES),
    ("schedule.warmup", &LENGTHS),
    ("evaluate", &["epochs", "steps"]),
    ("checkpoint", &["epochs", "steps"]),
    ("clip", &["norm", "value"]),
];

/// A recipe that changes another.
pub(super) struct Based {
    /// Its keys, with what its base says where it says nothing.
    pub keys: Value,
    /// Names and texts: its own, that of its base, …
    pub texts: Vec<(String, String)>,
}

/// A recipe's text with its base; none if it has none.
///
/// # Errors
/// A base that is not there, cannot be read, or is based on itself; a key without a value that no
/// recipe has.
pub(super) fn with_base(name: &str, text: &str) -> Result<Option<Based>, TrainError> {
    let mut texts = vec![(name.to_owned(), text.to_owned())];
    // What is no set of keys is told by the reader of recipes.
    match serde_yaml::from_str(unmarked(text)) {
        Ok(Value::Mapping(own)) if own.contains_key(BASE) => {
            let keys = Value::Mapping(on_base(&mut texts, name, own)?);
            Ok(Some(Based { keys, texts }))
        }
        Err(_) if text.lines().any(|line| line.starts_with("base:")) => {
            yaml::read::<Value>("recipe", name, text).map(|_| None)
        }
        Ok(_) | Err(_) => Ok(None),
    }
}

/// Keys merged into those of their base.
fn on_base(
    texts: &mut Vec<(String, String)>,
    name: &str,
    mut own: Mapping,
) -> Result<Mapping, TrainError> {
    let Some(base) = own.remove(BASE) else { return Ok(own) };
    if let Some(mistake) = unknown_and_empty("", &own) {
        let text = texts.last().map_or("", |(_, text)| text);
        return Err(mistake.shown("recipe", name, text));
    }
    let wrong = |what: String| {
        let (name, what) = (name.to_owned(), what.into());
        TrainError::Unclear { kind: "recipe", name, what }
    };
    let Value::String(base) = base else {
        return Err(wrong("base: the name of a recipe, or of a file beside it, is needed".into()));
    };
    let (base, text) =
        found(name, &base).map_err(|error| wrong(format!("base: {base}: {error}")))?;
    if texts.iter().any(|(name, _)| *name == base) {
        let names = texts.iter().map(|(name, _)| name.as_str()).chain([base.as_str()]);
        let chain = names.collect::<Vec<_>>().join(" → ");
        return Err(wrong(format!("base: {chain}: a circle")));
    }
    if texts.len() >= MOST {
        let text = format!("base: {base}: at most {MOST} recipes change one another in a row");
        return Err(wrong(text));
    }
    texts.push((base.clone(), text.clone()));
    let Value::Mapping(keys) = yaml::read("recipe", &base, &text)? else {
        // What it is instead is told by the reader of recipes.
        return Err(Recipe::parse(&base, &text).err().unwrap_or_else(|| wrong("base".into())));
    };
    let mut keys = on_base(texts, &base, keys)?;
    stretch(&mut keys, &own).map_err(wrong)?;
    merge("", &mut keys, own);
    Ok(keys)
}

/// A key without a value that no recipe has, with what is wrong with it: it would take nothing away,
/// and nobody would be told.
fn unknown_and_empty(path: &str, keys: &Mapping) -> Option<Mistake> {
    keys.iter().find_map(|(key, value)| {
        let key = key.as_str()?;
        let path = if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            Value::Mapping(inner) => unknown_and_empty(&path, inner),
            Value::Null => {
                let alone = path.rsplit('.').fold(Value::Null, |value, key| {
                    Value::Mapping([(key.into(), value)].into_iter().collect())
                });
                let alone = serde_yaml::to_string(&alone).unwrap_or_default();
                let error = yaml::read::<Recipe>("recipe", "", &alone).err();
                let unknown = error.filter(|error| error.fault() == Some(Fault::Unknown))?;
                Some(Mistake::at(path, unknown.without_place()))
            }
            _ => None,
        }
    })
}

/// What is wrong with one of the texts by itself, the outermost first; a key that is missing may
/// stand in another, and one that is empty takes another's away.
pub(super) fn own_mistake(texts: &[(String, String)]) -> Option<TrainError> {
    texts.iter().find_map(|(name, text)| {
        let error = yaml::read_without::<Recipe>("recipe", name, text, BASE).err()?;
        match error.fault() {
            Some(Fault::Missing | Fault::Empty) => None,
            Some(Fault::Unknown | Fault::Other) | None => Some(error),
        }
    })
}

/// The name and the text of a base: a file beside the recipe, or a recipe that is bundled.
fn found(of: &str, base: &str) -> Result<(String, String), String> {
    let beside = Path::new(of).parent().map_or_else(PathBuf::new, Path::to_path_buf).join(base);
    if beside.is_file() {
        let mut text = String::new();
        let file = File::open(&beside).map_err(|error| error.to_string())?;
        let read = file.take(LONGEST + 1).read_to_string(&mut text);
        read.map_err(|error| error.to_string())?;
        return match text.len() as u64 > LONGEST {
            true => Err("it is longer than 1 MiB".into()),
            false => Ok((beside.to_string_lossy().into_owned(), text)),
        };
    }
    let bundled = BUNDLED.iter().find(|(name, _)| *name == base);
    bundled.map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).ok_or_else(|| {
        let names = BUNDLED.map(|(name, _)| name);
        let near = crate::text::nearest(base, names);
        let near = near.map_or_else(String::new, |near| format!("did you mean {near}? "));
        let names = names.join(", ");
        format!("there is no such file beside it, {near}and the recipes that come with rnetc are {names}")
    })
}

/// Puts keys over others, one by one; what is empty is taken away.
fn merge(path: &str, into: &mut Mapping, own: Mapping) {
    for (_, keys) in EITHER.iter().filter(|(at, _)| *at == path) {
        let (given, others): (Vec<&str>, Vec<&str>) =
            keys.iter().partition(|key| is_given(&own, key));
        if !given.is_empty() {
            others.iter().for_each(|key| drop(into.remove(*key)));
        }
    }
    if path == "schedule" && COURSES[2..].iter().any(|key| is_given(&own, key)) {
        into.remove("warmup");
    }
    let of_kind = ["optimiser", "optimiser.otherwise"].contains(&path);
    if of_kind && own.get("kind").is_some_and(|kind| into.get("kind") != Some(kind)) {
        of_kinds().for_each(|key| drop(into.remove(key)));
        // Its rate is its own: one of another kind may be a hundred thousand times too large.
        if path == "optimiser.otherwise" {
            ["lr", "weight_decay"].iter().for_each(|key| drop(into.remove(*key)));
        }
    }
    for (key, value) in own {
        let inner = match (path, key.as_str().unwrap_or_default()) {
            ("", name) => name.to_owned(),
            (path, name) => format!("{path}.{name}"),
        };
        match (into.get_mut(&key), value) {
            (_, Value::Null) => drop(into.remove(&key)),
            (Some(Value::Mapping(into)), Value::Mapping(own)) => merge(&inner, into, own),
            (_, value) => drop(into.insert(key, value)),
        }
    }
}

/// Whether a key is there and has a value.
fn is_given(keys: &Mapping, key: &str) -> bool {
    keys.get(key).is_some_and(|value| !value.is_null())
}

/// Has the boundaries of a base keep their shares of a run that is given another length.
fn stretch(base: &mut Mapping, own: &Mapping) -> Result<(), String> {
    let of =
        |keys: &Mapping, key| keys.get(key).and_then(Value::as_f64).filter(|length| *length > 0.0);
    let length =
        |keys: &Mapping| LENGTHS.iter().find_map(|&key| of(keys, key).map(|length| (key, length)));
    let (Some((counted, was)), Some((counts, now))) = (length(base), length(own)) else {
        return Ok(());
    };
    if own.get("sizes").is_none() {
        if counted != counts && has_sizes(base) {
            return Err(format!(
                "`sizes` has shares of {was} {counted}, and this length is in {counts}; write sizes: \
                 [{{ size: 24, until: 10 }}] anew, or the length in {counted}"
            ));
        }
        stretch_sizes(base, was, now);
    }
    let schedule = own.get("schedule").and_then(Value::as_mapping);
    if schedule.is_some_and(|keys| COURSES[1..].iter().any(|key| is_given(keys, key))) {
        return Ok(());
    }
    let given = schedule.and_then(|schedule| schedule.get("divide"));
    let list = base.get_mut("schedule").and_then(|schedule| schedule.get_mut("divide"));
    let list = list.and_then(|divide| divide.get_mut("at")).and_then(Value::as_sequence_mut);
    let Some(list) = list.filter(|_| given.is_none_or(|given| given.get("at").is_none())) else {
        return Ok(());
    };
    for at in list {
        let Some(number) = at.as_f64().filter(|at| *at >= 0.0) else { continue };
        let there = number * now / was;
        *at = match whole(there) {
            Some(whole) => Value::from(whole as u64),
            None if counts == "epochs" => Value::from(there),
            None => {
                return Err(format!(
                    "the rate is divided after {number} of {was}, which is no whole number of {now}; \
                     write schedule: {{ divide: {{ at: [ … ] }} }}"
                ));
            }
        };
    }
    Ok(())
}

/// Whether it has parts at other sizes.
fn has_sizes(keys: &Mapping) -> bool {
    keys.get("sizes").and_then(Value::as_sequence).is_some_and(|parts| !parts.is_empty())
}

fn stretch_sizes(base: &mut Mapping, was: f64, now: f64) {
    let sizes = base.get_mut("sizes").and_then(Value::as_sequence_mut);
    for stage in sizes.into_iter().flatten() {
        if let Some(until) = stage.get_mut("until")
            && let Some(epochs) = until.as_f64()
        {
            // What ends with the base ends with the recipe, however a quotient is rounded.
            *until = Value::from(if epochs == was { now } else { epochs * now / was });
        }
    }
}

/// A change of one key: its path, `schedule.lr`, and its value in YAML.
pub type Change = (String, String);

/// A recipe's keys with changes.
pub(super) fn changed(keys: Value, changes: &[Change]) -> Result<Value, String> {
    let Value::Mapping(mut keys) = keys else { return Ok(keys) };
    let mut own = Mapping::new();
    for (path, text) in changes {
        let value: Value = serde_yaml::from_str(text)
            .map_err(|error| format!("{path}: {}", yaml::in_words("recipe", text, &error)))?;
        let mut at = &mut own;
        let (above, last) = path.rsplit_once('.').unwrap_or(("", path));
        for key in above.split('.').filter(|key| !key.is_empty()) {
            let inner = at.entry(key.into()).or_insert_with(|| Mapping::new().into());
            at = match inner {
                Value::Mapping(inner) => inner,
                _ => return Err(format!("{path}: {key} is given twice, once as a whole")),
            };
        }
        if at.insert(last.into(), value).is_some() {
            return Err(format!("{path} is given twice"));
        }
    }
    if let Some(mistake) = unknown_and_empty("", &own) {
        return Err(mistake.told().to_owned());
    }
    stretch(&mut keys, &own)?;
    merge("", &mut keys, own);
    Ok(Value::Mapping(keys))
}
