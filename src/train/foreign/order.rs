//! In which order names stand, where something tells it.

use std::collections::BTreeMap;

use super::names::{End, Name, Token, end};
use super::pairing::Why;

/// A name, and its place in the file.
#[derive(Clone, Copy, Debug)]
pub struct Placed<'a> {
    /// Its tokens, or those of the block.
    pub tokens: &'a [Token],
    /// The first of its tensors in the file.
    pub place: usize,
}

impl<'a> Placed<'a> {
    /// A module's.
    pub fn new(name: &'a Name, place: usize) -> Self {
        Self { tokens: &name.tokens, place }
    }
}

/// The order of names as a list of positions, and the weakest of what told it; none where nothing
/// tells it but the alphabet. `telling`: the order of the file's data is no alphabet.
pub fn order(names: &[Placed<'_>], telling: bool) -> Option<(Vec<usize>, Why)> {
    let mut why = Why::Numbers;
    let all: Vec<usize> = (0..names.len()).collect();
    let ordered = from(names, all, 0, telling, &mut why)?;
    Some((ordered, why))
}

fn from(
    names: &[Placed<'_>],
    mut of: Vec<usize>,
    mut depth: usize,
    telling: bool,
    why: &mut Why,
) -> Option<Vec<usize>> {
    loop {
        if of.len() == 1 {
            return Some(of);
        }
        let mut children: BTreeMap<Option<&Token>, Vec<usize>> = BTreeMap::new();
        for at in of {
            children.entry(names[at].tokens.get(depth)).or_default().push(at);
        }
        depth += 1;
        if children.len() > 1 {
            let (children, told) = siblings(names, children, telling)?;
            *why = (*why).max(told);
            let mut ordered = Vec::new();
            for child in children {
                ordered.extend(from(names, child, depth, telling, why)?);
            }
            return Some(ordered);
        }
        match children.pop_first() {
            Some((Some(_), only)) => of = only,
            // The same name twice.
            Some((None, _)) | None => return None,
        }
    }
}

type Children<'a> = BTreeMap<Option<&'a Token>, Vec<usize>>;

/// Orders what differs in one token.
fn siblings(
    names: &[Placed<'_>],
    children: Children<'_>,
    telling: bool,
) -> Option<(Vec<Vec<usize>>, Why)> {
    let tokens: Vec<Option<&Token>> = children.keys().copied().collect();
    let numbers = |token: &Option<&Token>| matches!(token, Some(Token::Number(..)));
    // a, b, c and on: letters that count.
    let lettered = tokens.iter().zip('a'..='z').all(|(token, letter)| {
        token.and_then(Token::word).is_some_and(|word| word.chars().eq([letter]))
    });
    if tokens.iter().all(numbers) || (lettered && tokens.len() <= 26) {
        return Some((children.into_values().collect(), Why::Numbers));
    }
    let ends: Vec<End> = tokens.iter().map(|token| token.map_or(End::Neither, end)).collect();
    let mut distinct = ends.clone();
    distinct.sort();
    distinct.dedup();
    if distinct.len() == ends.len() {
        let mut ordered: Vec<(End, Vec<usize>)> =
            ends.into_iter().zip(children.into_values()).collect();
        ordered.sort();
        return Some((ordered.into_iter().map(|(_, child)| child).collect(), Why::Words));
    }
    if !telling {
        return None;
    }
    let mut ordered: Vec<Vec<usize>> = children.into_values().collect();
    let range = |child: &Vec<usize>| {
        let places = child.iter().map(|&at| names[at].place);
        (places.clone().min(), places.max())
    };
    ordered.sort_by_key(range);
    let apart = ordered.windows(2).all(|pair| range(&pair[0]).1 < range(&pair[1]).0);
    apart.then_some((ordered, Why::FileOrder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordered(names: &[&str], telling: bool) -> Option<(Vec<String>, Why)> {
        let parts: Vec<Name> = names.iter().map(|name| Name::new(name)).collect();
        let placed: Vec<Placed> =
            parts.iter().enumerate().map(|(at, name)| Placed::new(name, at)).collect();
        let (order, why) = order(&placed, telling)?;
        Some((order.into_iter().map(|at| names[at].to_owned()).collect(), why))
    }

    fn texts(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn numbers_then_words_then_the_file_and_never_the_alphabet() {
        let numbered = ordered(&["l.10.conv1", "l.2.conv2", "l.2.conv1"], false);
        assert_eq!(
            numbered,
            Some((texts(&["l.2.conv1", "l.2.conv2", "l.10.conv1"]), Why::Numbers))
        );
        let lettered = ordered(&["f.b", "f.a", "f.c"], false);
        assert_eq!(lettered, Some((texts(&["f.a", "f.b", "f.c"]), Why::Numbers)));
        let worded = ordered(&["post.1", "pre.2", "pre.1", "mid.1"], false);
        assert_eq!(worded, Some((texts(&["pre.1", "pre.2", "mid.1", "post.1"]), Why::Words)));
        for unclear in [["bn", "bn1"], ["x.conv", "y.conv"], ["h", "t"], ["a", "z"]] {
            assert_eq!(ordered(&unclear, false), None, "{unclear:?}");
            assert_eq!(ordered(&unclear, true), Some((texts(&unclear), Why::FileOrder)));
        }
        // The halves of y stand around x in the file.
        assert_eq!(ordered(&["y.1", "x.1", "y.2"], true), None);
        assert_eq!(ordered(&["x", "x"], true), None);
    }
}
