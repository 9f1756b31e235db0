//! The best state is chosen on one part, and the others are measured at the end.

use super::*;
use crate::train::record::manifest::CheckpointList;

/// With a validation part of nine pictures, by which the best is chosen.
fn chosen(folder: &std::path::Path, epochs: u32, rate: f64, patience: Option<u64>) -> Session {
    let mut session = session(folder, epochs, rate);
    let part = Loading { pictures: pictures(9), ..session.test.clone() };
    session.config.validation = Some(9);
    session.choice = Choice::by(session.config.chosen_on(), patience);
    Session { validation: Some(part), ..session }
}

fn list(session: &Session) -> CheckpointList {
    CheckpointList::read(session.folder.as_ref().unwrap().path()).unwrap()
}

#[test]
fn the_test_pictures_are_measured_at_the_end_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = chosen(folder.path(), 4, 0.1, None);
    let mut notes = Notes::default();
    let end = session.run(&first(), 0, &mut notes).unwrap();
    let parts: Vec<[bool; 2]> =
        notes.evaluations.iter().map(|of| Part::ALL.map(|part| of.on(part).is_some())).collect();
    assert_eq!(parts, [[true, false], [true, false], [true, false], [true, true]]);
    assert_eq!(end, End::Finished(notes.evaluations[3]));
    // Of several that are as good, the first; and what it comes to on the test pictures.
    let errors = notes.evaluations.iter().map(|of| of.error_percent(Part::Validation).unwrap());
    let lowest = errors.clone().fold(f64::INFINITY, f64::min);
    let at = errors.clone().position(|error| error == lowest).unwrap();
    let best = session.choice.best.unwrap();
    assert_eq!((best.step, best.measure.error_percent), (notes.evaluations[at].step, lowest));
    assert!(best.test.is_some());
    let list = list(&session);
    assert_eq!(list.chosen_on, Part::Validation);
    let entry = list.checkpoints.iter().find(|entry| entry.step == best.step).unwrap();
    assert_eq!(entry.validation_error_percent, Some(lowest));
    assert_eq!(entry.test_error_percent, best.test.map(|test| test.error_percent));
}

#[test]
fn the_best_is_kept_by_the_part_that_was_asked_for() {
    let [by_part, by_test] = [Part::Validation, Part::Test].map(|part| {
        let folder = tempfile::tempdir().unwrap();
        let mut session = chosen(folder.path(), 2, 0.1, None);
        session.config.recipe.best = Some(part);
        session.choice = Choice::by(session.config.chosen_on(), None);
        let mut notes = Notes::default();
        session.run(&first(), 0, &mut notes).unwrap();
        assert_eq!(list(&session).chosen_on, part);
        let first = notes.evaluations[0];
        assert!(notes.evaluations[1].measured().count() == 2);
        first.measured().map(|(part, _)| part).collect::<Vec<_>>()
    });
    assert_eq!((by_part, by_test), (vec![Part::Validation], vec![Part::Test]));
}

#[test]
fn a_run_gives_up_where_it_would_have_without_a_stop() {
    let [whole, cut] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    // A rate of nothing: the first evaluation is never beaten.
    let mut notes = Notes::default();
    let mut session = chosen(whole.path(), 9, 0.0, Some(18));
    let End::Stopped(last) = session.run(&first(), 0, &mut notes).unwrap() else { panic!() };
    assert_eq!((last.step, notes.losses.len()), (24, 24));
    assert!(last.test.is_some() && session.folder.as_ref().unwrap().last_weights().is_file());
    assert_eq!(session.choice.best.map(|best| best.step), Some(6));
    // It goes on after a stop to the same end; and once it has ended, it has.
    let mut head = Notes { stop_after: Some(15), ..Notes::default() };
    chosen(cut.path(), 9, 0.0, Some(18)).run(&first(), 0, &mut head).unwrap();
    for (from, steps) in [(15, 9), (24, 0)] {
        let mut again = chosen(cut.path(), 9, 0.0, Some(18));
        let path = again.folder.as_ref().unwrap().checkpoint(from);
        let values = checkpoint::load(&path, &tensors()).unwrap();
        let mut tail = Notes::default();
        let end = again.run(&values, from, &mut tail).unwrap();
        assert_eq!((end, tail.losses.len()), (End::Stopped(last), steps));
    }
    let bytes = |folder: &tempfile::TempDir| {
        std::fs::read(folder.path().join("final.safetensors")).unwrap()
    };
    assert!(bytes(&whole) == bytes(&cut));
    let lines = |folder: &tempfile::TempDir| {
        let text = std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
        text.lines()
            .filter(|line| line.contains("validation"))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&whole), lines(&cut));
}
