//! One run on several processes.

#[cfg(not(feature = "mpi"))]
use crate::folder::{Folder, outcome};

const RUN: &str =
    "run tiny.rnet --train cifar10 --data cifar --engine cpu --threads 1 --batch 16 --steps";

#[test]
#[cfg(not(feature = "mpi"))]
fn a_program_without_mpi_does_not_train_several_times() {
    let folder = Folder::new();
    for (name, launcher) in [
        ("OMPI_COMM_WORLD_SIZE", "mpirun"),
        ("PMI_SIZE", "mpiexec"),
        ("SLURM_STEP_NUM_TASKS", "srun"),
    ] {
        let under = |count: &str, line: &str| {
            outcome(&folder.command(line).env(name, count).output().unwrap())
        };
        let refused = under("4", &format!("{RUN} 2"));
        assert_eq!(refused.code, 2, "{refused:?}");
        let said = format!("{launcher} has started this 4 times");
        assert!(
            refused.err.contains(&said) && refused.err.contains("--features mpi"),
            "{refused:?}"
        );
        assert!(!folder.at("runs").exists());
        // Alone, it trains; and what writes no run may be done often.
        let alone = under("1", &format!("{RUN} 2 --out {name}"));
        assert_eq!(alone.code, 0, "{alone:?}");
        let weights = format!("{name}/final.safetensors");
        let asked = format!("run --eval cifar10 --data cifar --engine cpu --weights {weights}");
        assert_eq!(under("4", &asked).code, 0);
    }
}

#[cfg(feature = "mpi")]
mod mpi {
    use std::path::Path;
    use std::process::{Child, Command, Stdio};
    use std::time::{Duration, Instant};

    use super::RUN;
    use crate::folder::{Folder, Outcome, outcome};

    /// The program on so many ranks. None where there is no `mpirun`, unless one is required.
    fn ranks(folder: &Folder, count: usize, line: &str) -> Option<Command> {
        let there = Command::new("mpirun").arg("--version").output().is_ok();
        if !there {
            assert!(std::env::var_os("RNETC_REQUIRE_MPI").is_none(), "there is no mpirun");
            eprintln!("not tested: there is no mpirun here");
            return None;
        }
        let alone = folder.command(line);
        let mut command = Command::new("mpirun");
        command.args(["--allow-run-as-root", "--oversubscribe", "-n", &count.to_string()]);
        command.arg(alone.get_program()).args(alone.get_args());
        alone.get_envs().for_each(|(name, value)| match value {
            Some(value) => drop(command.env(name, value)),
            None => drop(command.env_remove(name)),
        });
        command.current_dir(folder.at(""));
        Some(command)
    }

    #[track_caller]
    fn expect(folder: &Folder, code: i32, count: usize, line: &str) -> Option<Outcome> {
        let found = outcome(&ranks(folder, count, line)?.output().unwrap());
        assert_eq!(found.code, code, "{count} ranks, {line}: {found:?}");
        assert!(!found.err.contains("panicked"), "{found:?}");
        Some(found)
    }

    /// All but times of the metrics, and the last weights.
    fn result(folder: &Folder, run: &str) -> (Vec<serde_json::Value>, Vec<u8>) {
        let text = std::fs::read_to_string(folder.at(run).join("metrics.jsonl")).unwrap();
        let record = |line: &str| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            let object = value.as_object_mut().unwrap();
            object.retain(|key, _| key != "images_per_s" && key != "waiting_percent");
            value
        };
        let weights = std::fs::read(folder.at(run).join("final.safetensors")).unwrap();
        (text.lines().map(record).collect(), weights)
    }

    #[test]
    fn a_run_is_the_same_to_the_byte_on_one_two_and_four_ranks() {
        let folder = Folder::new();
        let line = format!("{RUN} 6 --with sync_bn=true --out");
        folder.expect(0, &format!("{line} one"));
        for count in [2, 4] {
            let Some(done) = expect(&folder, 0, count, &format!("{line} on{count}")) else {
                return;
            };
            assert_eq!(done.out.lines().count(), 1, "one rank speaks: {done:?}");
            assert_eq!(done.err.matches("training tiny").count(), 1, "{done:?}");
            assert!(done.err.contains(&format!("{count} ranks")), "{done:?}");
            assert_eq!(result(&folder, &format!("on{count}")), result(&folder, "one"));
        }
        let text = std::fs::read_to_string(folder.at("on2/metrics.jsonl")).unwrap();
        assert!(text.contains("waiting_percent"), "{text}");
    }

    #[test]
    fn batch_norms_of_each_rank_are_its_own_unless_asked() {
        let folder = Folder::new();
        let Some(done) = expect(&folder, 0, 2, &format!("{RUN} 4 --out two")) else { return };
        assert!(done.err.contains("each rank's own pictures"), "{done:?}");
        folder.expect(0, &format!("{RUN} 4 --out one"));
        let ([two, loss], [one, first]) = (["two", "two"], ["one", "one"]);
        assert_ne!(result(&folder, two).1, result(&folder, one).1);
        // But they see the same pictures, with the same weights at first: the losses differ little.
        let first_loss = |run: &str| result(&folder, run).0[0]["loss"].as_f64().unwrap();
        let (a, b) = (first_loss(loss), first_loss(first));
        assert!((a - b).abs() < 0.2 && a != b, "{a}, {b}");
    }

    #[test]
    fn ranks_on_gpus_do_what_one_does_to_rounding_and_go_on_with_another_number() {
        let folder = Folder::new();
        let gpu = RUN.replace("--engine cpu --threads 1", "--engine wgpu");
        if !folder.expect(0, "devices --format json").out.contains(r#""engine":"wgpu""#) {
            assert!(std::env::var_os("RNETC_REQUIRE_WGPU").is_none(), "there is no adapter");
            eprintln!("not tested: there is no adapter here");
            return;
        }
        let near = |a: &str, b: &str, most: f64| {
            let [a, b] = [a, b].map(|run| result(&folder, run).0);
            assert_eq!(a.len(), b.len());
            for (a, b) in a.iter().zip(&b) {
                let loss = |of: &serde_json::Value| of["loss"].as_f64();
                let off = loss(a).zip(loss(b)).map_or(0.0, |(a, b)| (a - b).abs());
                assert!(off < most, "{a}, {b}");
            }
        };
        folder.expect(0, &format!("{gpu} 6 --with sync_bn=true --out one"));
        let as_one = format!("{gpu} 6 --with sync_bn=true --out two");
        let Some(done) = expect(&folder, 0, 2, &as_one) else { return };
        assert!(done.err.contains("2 ranks on this machine share 1 adapter"), "{done:?}");
        assert!(done.err.contains("changes rounding alone"), "{done:?}");
        near("one", "two", 1e-4);
        expect(&folder, 0, 2, &format!("{gpu} 6 --out own"));
        near("one", "own", 0.5);
        // One of each.
        let line = format!("{gpu} 6 --out mixed");
        let mut mixed = ranks(&folder, 1, &line.replace("wgpu", "cpu")).unwrap();
        mixed.args([":", "-n", "1"]).arg(env!("CARGO_BIN_EXE_rnetc")).args(line.split_whitespace());
        let refused = outcome(&mixed.output().unwrap());
        assert!(refused.err.contains("rank 1 computes on wgpu"), "{refused:?}");
        assert!(refused.code != 0 && !folder.at("mixed").exists(), "{refused:?}");
        // From two ranks to one process.
        expect(&folder, 0, 2, &format!("{gpu} 3 --with sync_bn=true --out part"));
        let on = format!("{gpu} 6 --with sync_bn=true --out part --resume");
        let on = folder.expect(0, &on);
        assert!(on.err.contains("from step 3 on"), "{on:?}");
        assert!(
            std::fs::read_to_string(folder.at("own/metrics.jsonl"))
                .unwrap()
                .contains("waiting_percent")
        );
    }

    #[test]
    fn a_batch_that_does_not_divide_is_refused_with_one_that_does() {
        let folder = Folder::new();
        let line = format!("{RUN} 4 --out r");
        let Some(refused) = expect(&folder, 2, 3, &line) else { return };
        assert!(
            refused.err.contains("16 pictures cannot be divided evenly among 3 ranks"),
            "{refused:?}"
        );
        assert!(refused.err.contains("15 or 18 would do") && refused.err.contains("--batch"));
        assert!(!folder.at("r").exists());
        let rates = line.replace("--steps 4 --out r", "--find-rate");
        assert!(expect(&folder, 2, 2, &rates).unwrap().err.contains("one process"));
    }

    const LONG: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --threads 1 --batch 16 \
        --recipe often.yaml --with sync_bn=true --steps 400 --out";

    fn often() -> Folder {
        let folder = Folder::new();
        let recipe = rnetc::train::recipe::HE2016
            .replace("checkpoint: { epochs: 1, keep: 5 }", "checkpoint: { steps: 3, keep: 2 }")
            .replace("evaluate: { epochs: 1 }", "evaluate: { epochs: 20 }");
        std::fs::write(folder.at("often.yaml"), recipe).unwrap();
        folder
    }

    fn lines(folder: &Folder, run: &str) -> usize {
        let text = std::fs::read_to_string(folder.at(run).join("metrics.jsonl"));
        text.unwrap_or_default().lines().count()
    }

    /// Whether a checkpoint stands there: they are written beside the steps.
    fn saved(folder: &Folder, run: &str) -> bool {
        let files = folder.at(run).join("checkpoints").read_dir();
        let whole = |file: std::fs::DirEntry| {
            file.path().extension().is_some_and(|ending| ending == "safetensors")
        };
        files.is_ok_and(|files| files.flatten().any(whole))
    }

    /// Begins a run and waits until it has done some steps and saved one; the ids of its ranks.
    fn begun(folder: &Folder, count: usize, run: &str) -> Option<(Child, Vec<String>)> {
        let log = std::fs::File::create(folder.at("log")).unwrap();
        let mut command = ranks(folder, count, &format!("{LONG} {run}"))?;
        let child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let begin = Instant::now();
        while lines(folder, run) < 10 || !saved(folder, run) {
            assert!(
                begin.elapsed() < Duration::from_secs(120),
                "it does not begin: {}",
                said(folder)
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        let id = child.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let ids: Vec<String> = children.split_whitespace().map(str::to_owned).collect();
        assert_eq!(ids.len(), count, "{children}");
        Some((child, ids))
    }

    fn said(folder: &Folder) -> String {
        std::fs::read_to_string(folder.at("log")).unwrap()
    }

    fn signal(name: &str, id: &str) {
        assert!(Command::new("kill").args([name, id]).status().unwrap().success());
    }

    /// Waits for the end; the exit code.
    fn ended(mut child: Child, within: Duration) -> i32 {
        let begin = Instant::now();
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(begin.elapsed() < within, "it does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn any_rank_that_is_asked_to_end_ends_all_and_other_ranks_go_on() {
        let folder = often();
        folder.expect(0, &format!("{LONG} whole"));
        let Some((child, ids)) = begun(&folder, 2, "part") else { return };
        signal("-TERM", &ids[1]);
        // Whichever rank ends first.
        assert_eq!(ended(child, Duration::from_secs(60)), 143, "{}", said(&folder));
        assert!(said(&folder).contains("and saved"), "{}", said(&folder));
        expect(&folder, 0, 4, &format!("{LONG} part --resume"));
        assert_eq!(result(&folder, "part"), result(&folder, "whole"));
    }

    #[test]
    fn a_rank_that_is_killed_ends_the_run_and_nothing_is_lost() {
        let folder = often();
        folder.expect(0, &format!("{LONG} whole"));
        for dying in [1, 0] {
            let Some((child, ids)) = begun(&folder, 2, "part") else { return };
            signal("-KILL", &ids[dying]);
            assert_ne!(ended(child, Duration::from_secs(10)), 0);
            assert!(saved(&folder, "part"));
            assert_eq!(gone(&ids), 2, "a rank is left");
            // One process goes on.
            folder.expect(0, &format!("{LONG} part --resume"));
            assert_eq!(result(&folder, "part"), result(&folder, "whole"), "{dying}");
            std::fs::remove_dir_all(folder.at("part")).unwrap();
        }
    }

    /// How many of them are gone.
    fn gone(ids: &[String]) -> usize {
        let begin = Instant::now();
        let are = || ids.iter().filter(|id| !Path::new("/proc").join(id).exists()).count();
        while are() < ids.len() && begin.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        are()
    }

    #[test]
    fn a_full_disk_of_the_first_rank_ends_all() {
        let folder = often();
        // A file that is always full, where the checkpoint after step 9 is written.
        std::fs::create_dir_all(folder.at("r/checkpoints")).unwrap();
        let full = folder.at("r/checkpoints/.step-00000009.safetensors.partial");
        std::os::unix::fs::symlink("/dev/full", &full).unwrap();
        let Some(found) = expect(&folder, 3, 2, &format!("{LONG} r")) else { return };
        assert!(found.err.contains("No space left"), "{found:?}");
        assert!(folder.at("r/checkpoints/step-00000006.safetensors").is_file());
    }
}
