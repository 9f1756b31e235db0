use std::thread;

use super::*;

/// What each rank comes to.
fn each<T: Send>(count: usize, of: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    let of = &of;
    let all = threads::ranks(count).unwrap();
    thread::scope(|scope| {
        let all: Vec<_> = all.into_iter().map(|ranks| scope.spawn(move || of(ranks))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn value(rank: usize, at: usize) -> f32 {
    ((rank * 7919 + at * 104_729) as f32).sin() * 10f32.powi((rank + at) as i32 % 9 - 4)
}

/// The tree as it is defined, for a power of two.
fn tree(ranks: std::ops::Range<usize>, at: usize) -> f32 {
    if ranks.len() == 1 {
        return value(ranks.start, at);
    }
    let middle = ranks.start + ranks.len() / 2;
    tree(ranks.start..middle, at) + tree(middle..ranks.end, at)
}

#[test]
fn vectors_add_up_in_the_tree_however_long_they_are() {
    for count in [1, 2, 4, 8] {
        for len in [1, 3, reduce::LONG + 5] {
            let all = each(count, |ranks| {
                let own = (0..len).map(|at| value(ranks.rank(), at)).collect();
                ranks.add(own).wait().unwrap()
            });
            let expected: Vec<f32> = (0..len).map(|at| tree(0..count, at)).collect();
            assert!(all.iter().all(|one| *one == expected), "{count} ranks, {len} elements");
        }
    }
}

#[test]
fn any_number_of_ranks_comes_to_one_result() {
    for count in [3, 5, 6, 7] {
        let all = each(count, |ranks| {
            let own = (0..100).map(|at| value(ranks.rank(), at)).collect();
            ranks.add(own).wait().unwrap()
        });
        for (at, sum) in all[0].iter().enumerate() {
            let exact: f64 = (0..count).map(|rank| f64::from(value(rank, at))).sum();
            let size: f64 = (0..count).map(|rank| f64::from(value(rank, at).abs())).sum();
            // As many roundings as ranks, each of no more than the sum of sizes.
            assert!((f64::from(*sum) - exact).abs() <= count as f64 * size * 2f64.powi(-24));
        }
        assert!(all.iter().all(|one| *one == all[0]), "{count} ranks");
    }
}

#[test]
fn each_run_follows_its_rule() {
    let runs = [(Rule::Sum, 2), (Rule::Max, 2), (Rule::Moments, 3)];
    let runs = runs.map(|(rule, len)| Run { rule, len }).to_vec();
    let all = each(4, |ranks| {
        let r = ranks.rank() as f64;
        let nan = if ranks.rank() == 2 { f64::NAN } else { r };
        // Two numbers each: 4r and 4r + 2.
        let numbers = vec![r, 1.0, -r, nan, 2.0, 4.0 * r + 1.0, 2.0];
        ranks.join(numbers, runs.clone()).wait().unwrap()
    });
    let squares: f64 = (0..8).map(|k| (2.0 * f64::from(k) - 7.0).powi(2)).sum();
    for one in all {
        assert_eq!(one[..3], [6.0, 4.0, 0.0]);
        assert!(one[3].is_nan());
        assert_eq!(one[4..], [8.0, 7.0, squares]);
    }
}

#[test]
fn who_waits_for_a_rank_that_has_ended_is_told() {
    let all = each(2, |ranks| if ranks.is_first() { ranks.sums(&[1.0]).map(drop) } else { Ok(()) });
    assert_eq!(all, [Err(Lost::Gone(1)), Ok(())]);
}

#[test]
fn ranks_that_do_not_do_the_same_are_told() {
    let all = each(2, |ranks| ranks.sums(&vec![1.0; 1 + ranks.rank()]));
    assert_eq!(all[0], Err(Lost::Apart { rank: 1, sent: 16, room: 8 }));
}

#[test]
fn waiting_is_counted() {
    let all = each(2, |ranks| {
        if ranks.is_first() {
            thread::sleep(Duration::from_millis(50));
        }
        ranks.sums(&[1.0]).unwrap();
        ranks.waited()
    });
    assert!(all[1] >= Duration::from_millis(40), "{all:?}");
}
