//! Whether a command printed what its page shows.

/// The first line that the page shows and that was not printed. Lines that are printed and not
/// shown do no harm; a line that is printed once may be shown several times, since runs are cut
/// short.
pub fn missing<'a>(page: &'a str, printed: &str) -> Option<&'a str> {
    let printed: Vec<String> = printed.lines().map(words).collect();
    let mut last = 0;
    page.lines().filter(|line| !line.trim().is_empty() && *line != "…").find(|line| {
        let line = words(line);
        let at = printed.iter().skip(last).position(|printed| *printed == line);
        last += at.unwrap_or(0);
        at.is_none()
    })
}

/// A line without what differs from machine to machine: numbers, the engine, folders.
fn words(line: &str) -> String {
    if line.starts_with("engine: ") {
        return "engine: ".to_owned();
    }
    let words = line.split_whitespace().map(|word| match word.rsplit_once('/') {
        Some((_, name)) if word.starts_with('/') => numberless(name),
        Some(_) | None => numberless(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// With each number as one 0.
fn numberless(word: &str) -> String {
    let mut text = String::new();
    let mut letters = word.chars().peekable();
    while let Some(letter) = letters.next() {
        let more = |next: &char| next.is_ascii_digit() || ".,e-".contains(*next);
        let negative = letter == '-' && letters.peek().is_some_and(char::is_ascii_digit);
        if letter.is_ascii_digit() || (negative && text.is_empty()) {
            let mut end = letter;
            while let Some(next) = letters.next_if(more) {
                end = next;
            }
            text.push('0');
            if !end.is_ascii_digit() && end != '-' {
                text.push(end);
            }
        } else {
            text.push(letter);
        }
    }
    text
}

#[test]
fn numbers_do_not_count_and_words_do() {
    let printed =
        "spec: one\nengine: cpu (avx2, 8 threads)\nepoch 1/1  error 7.50 %, saved\nend -3e-4";
    for right in [
        "spec: one\nepoch 1/30  error 61.25 %, saved\nepoch 2/30  error 6 %, saved",
        "engine: wgpu\n…\nend 0.1",
    ] {
        assert_eq!(missing(right, printed), None, "{right}");
    }
    for (wrong, line) in [
        ("spec: two", "spec: two"),
        ("end 1\nspec: one", "spec: one"),
        ("epoch 1/1  error 7.50 %", "epoch 1/1  error 7.50 %"),
    ] {
        assert_eq!(missing(wrong, printed), Some(line));
    }
}
