//! What is submitted, read and run without a scheduler; and what is refused.

use std::process::{Command, Stdio};

use super::{folder, log, wait_until, write_program};
use crate::folder::{Folder, Outcome, outcome};

const SLURM: &str = "study s/tiny.yaml --data cifar --out t --on slurm";

/// Writes a program that is found first.
fn pretend(folder: &Folder, name: &str, script: &str) {
    let place = folder.at("bin");
    std::fs::create_dir_all(&place).unwrap();
    write_program(&place.join(name), script);
}

/// Runs the program where those that are pretended are found first.
fn beside(folder: &Folder, line: &str) -> Outcome {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", folder.at("bin").display());
    outcome(&folder.command(line).env("PATH", path).output().unwrap())
}

/// Runs a script as a task of Slurm's, but with another program in place of rnetc.
fn task(folder: &Folder, script: &str, program: &str, environment: &[(&str, &str)]) -> Outcome {
    let script = script.replace(env!("CARGO_BIN_EXE_rnetc"), program);
    let mut command = Command::new("bash");
    command
        .arg("-c")
        .arg(script)
        .env_remove("CUDA_VISIBLE_DEVICES")
        .env_remove("ROCR_VISIBLE_DEVICES");
    command.envs(environment.iter().copied()).env("XDG_CACHE_HOME", folder.at("cache"));
    outcome(&command.output().unwrap())
}

#[test]
fn a_dry_run_prints_a_script_that_trains_the_run_of_its_task() {
    let folder = folder();
    let short = super::STUDY.replace("MANY", "4");
    std::fs::write(folder.at("s/tiny.yaml"), short).unwrap();
    let said = folder
        .expect(0, &format!("{SLURM} --threads 2 --jobs 3 --dry-run -- --time=1:00:00 -p all"));
    assert!(said.err.contains("4 runs: 0 done, 0 in the queue, 4 to submit"), "{said:?}");
    assert!(said.err.contains("each asks for 2 cores, "), "{said:?}");
    assert!(
        said.err.contains("not submitted: sbatch --parsable --time=1:00:00 -p all "),
        "{said:?}"
    );
    assert!(!folder.at("t").exists());
    for line in [
        "#SBATCH --job-name=study-tiny",
        "#SBATCH --array=0-3%3",
        "#SBATCH --cpus-per-task=2",
        "#SBATCH --requeue",
        "#SBATCH --open-mode=append",
        "#SBATCH --signal=B:USR1@120",
    ] {
        assert!(said.out.lines().any(|other| other == line), "{line}: {said:?}");
    }
    assert!(!said.out.contains("gres"), "{said:?}");

    // Sentences before the first command would end the directives.
    let directives = said.out.lines().skip_while(|line| !line.starts_with("#SBATCH"));
    assert!(directives.take_while(|line| !line.is_empty()).all(|line| line.starts_with("#SBATCH")));

    let rnetc = env!("CARGO_BIN_EXE_rnetc");
    // As if it had been submitted inside of `srun -n 4`.
    let inside = [("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_STEP_NUM_TASKS", "4")];
    let ran = task(&folder, &said.out, rnetc, &inside);
    assert_eq!(ran.code, 0, "{ran:?} {}", log(&folder, "t/six-seed0"));
    assert!(log(&folder, "t/six-seed0").contains("six, seed 0: test error"));
    let again = task(&folder, &said.out, rnetc, &[("SLURM_ARRAY_TASK_ID", "1")]);
    assert_eq!(again.code, 0, "{again:?}");
    assert!(log(&folder, "t/six-seed0").contains("six, seed 0: is over"));
    let table = folder.expect(0, "study s/tiny.yaml --out t --table");
    assert!(table.out.contains("1 of 2") && table.out.contains("0 of 2"), "{table:?}");
}

#[test]
fn a_task_takes_the_threads_and_the_gpu_that_it_is_given() {
    let folder = folder();
    let options = "--engine wgpu --tune off --before true --before ls>was --dry-run";
    let script = folder.expect(0, &format!("{SLURM} {options}")).out;
    assert!(
        script.contains("#SBATCH --gres=gpu:1\n") && script.contains("#SBATCH --cpus-per-task=4\n")
    );
    let told = |environment: &[(&str, &str)]| {
        let task_id = [("SLURM_ARRAY_TASK_ID", "0")];
        let _ = std::fs::remove_dir_all(folder.at("t"));
        let ran = task(&folder, &script, "echo", &[&task_id, environment].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        log(&folder, "t/four-seed0")
    };
    let plain = told(&[]);
    assert!(
        plain.contains("--engine wgpu --data cifar --tune off --threads 4 --run four-seed0"),
        "{plain}"
    );
    assert!(folder.at("was").exists());
    let given = told(&[("SLURM_CPUS_PER_TASK", "7"), ("CUDA_VISIBLE_DEVICES", "2,3")]);
    assert!(given.contains("--threads 7 --adapter 2 --run four-seed0"), "{given}");
    let by_name = told(&[("CUDA_VISIBLE_DEVICES", "GPU-8932f937")]);
    assert!(by_name.contains("--threads 4 --run four-seed0"), "{by_name}");
    let amd = told(&[("ROCR_VISIBLE_DEVICES", "1")]);
    assert!(amd.contains("--adapter 1 "), "{amd}");

    let script = script.replace("ls>was\n", "false # as it is\n");
    let stopped = task(&folder, &script, "echo", &[("SLURM_ARRAY_TASK_ID", "0")]);
    assert_eq!(stopped.code, 1, "{stopped:?}");

    let options = "--engine wgpu --precision f16 --threads 3 --dry-run -- --priority=5";
    let hq = folder
        .expect(0, &format!("study s/tiny.yaml --data cifar --out t --on hyperqueue {options}"));
    assert!(hq.err.contains("not submitted: hq submit --output-mode=json --priority=5 "), "{hq:?}");
    assert!(hq.out.contains("#HQ --resource gpus/nvidia=1\n#HQ --crash-limit=20\n"), "{hq:?}");
    let _ = std::fs::remove_dir_all(folder.at("t"));
    let given = [("HQ_TASK_ID", "3"), ("HQ_CPUS", "4,5,9"), ("CUDA_VISIBLE_DEVICES", "1")];
    let ran = task(&folder, &hq.out.replace("exec ", ""), "echo", &given);
    assert_eq!(ran.code, 0, "{ran:?}");
    let text = log(&folder, "t/six-seed1");
    assert!(text.contains("--precision f16 --threads 3 --adapter 1 --run six-seed1"), "{text}");
}

#[test]
fn memory_is_asked_for_as_the_hungriest_run_needs_it() {
    let folder = folder();
    let asked = |line: &str| -> usize {
        let said = folder.expect(0, &format!("{SLURM} --dry-run {line}"));
        let memory = said.out.lines().find_map(|line| line.strip_prefix("#SBATCH --mem="));
        memory.unwrap().strip_suffix('M').unwrap().parse().unwrap()
    };
    let small = asked("--threads 1");
    assert!((400..800).contains(&small), "{small}");
    let wide =
        super::study().replace("width: 6 }", "width: 2048 }").replace("spec", "batch: 512, spec");
    std::fs::write(folder.at("s/tiny.yaml"), wide).unwrap();
    // 512 pictures of 8×8 pixels, 2,048 channels, f32: 256 MiB a tensor.
    let (large, on_gpu) = (asked("--threads 1"), asked("--engine wgpu"));
    assert!(large >= small + 300, "{large} after {small}");
    assert_eq!(on_gpu, small);
}

#[test]
fn what_is_submitted_is_told_and_what_a_scheduler_refuses() {
    let folder = folder();
    pretend(&folder, "squeue", "true");
    pretend(&folder, "sbatch", "echo \"$@\" >asked; echo '815;north'");
    let said = beside(&folder, &format!("{SLURM} --format json -- --account=me"));
    let told: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&told["on"], &told["done"]), (&"slurm".into(), &0.into()));
    let (job, script) = (&told["jobs"][0], folder.at("t/slurm/001.sh").display().to_string());
    assert_eq!((&job["job"], &job["script"]), (&"815".into(), &script.clone().into()));
    let runs = serde_json::json!(["four-seed0", "six-seed0", "four-seed1", "six-seed1"]);
    assert_eq!(job["runs"], runs);
    let asked = std::fs::read_to_string(folder.at("asked")).unwrap();
    assert_eq!(asked.trim(), format!("--parsable --account=me {script}"));

    pretend(
        &folder,
        "squeue",
        &format!("printf '815|[1-2]|{script}\\n815|3|{script}\\n816|N/A|x.sh\\n'"),
    );
    let more = beside(&folder, SLURM);
    assert!(more.err.contains("4 runs: 0 done, 1 in the queue (job 815), 3 to submit"), "{more:?}");
    assert_eq!(more.out.trim(), "slurm job 815: 3 runs");
    assert!(more.err.contains("squeue --job=815, scancel 815"), "{more:?}");

    refuse(&folder, "Invalid account or account/partition combination specified");
    let refused = beside(&folder, SLURM);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("failed: Invalid account"), "{refused:?}");
    assert!(!folder.at("t/slurm/003.sh").exists());
}

/// Has submissions fail in the words of `sbatch`.
fn refuse(folder: &Folder, why: &str) {
    let failed = format!("sbatch: error: Batch job submission failed: {why}");
    pretend(folder, "sbatch", &format!("echo '{failed}' >&2; exit 1"));
}

#[test]
fn a_script_stays_where_its_job_may_have_been_taken() {
    let folder = folder();
    pretend(&folder, "squeue", "true");
    refuse(&folder, "Socket timed out on send/recv operation");
    let doubtful = beside(&folder, SLURM);
    assert_eq!(doubtful.code, 4, "{doubtful:?}");
    let script = folder.at("t/slurm/001.sh").display().to_string();
    let words =
        format!("whether the job was taken is not known, so {script} stays: see what squeue");
    assert!(doubtful.err.contains(&words), "{doubtful:?}");
    assert!(folder.at("t/slurm/001.sh").exists());
    // It was taken after all: what it holds is not submitted again.
    pretend(&folder, "squeue", &format!("printf '815|0|{script}\\n815|1|{script}\\n'"));
    let later = beside(&folder, &format!("{SLURM} --dry-run"));
    assert!(later.err.contains("2 in the queue (job 815), 2 to submit"), "{later:?}");

    // And where the queue shows it at once, it is a job as any other.
    let script = script.replace("001", "002");
    pretend(&folder, "squeue", &format!("[ -e {script} ] && echo '816|0|{script}'; true"));
    let taken = beside(&folder, &format!("{SLURM} --format json"));
    assert_eq!(taken.code, 0, "{taken:?}");
    assert!(taken.err.contains("it was taken all the same: job 816"), "{taken:?}");
    let told: serde_json::Value = serde_json::from_str(&taken.out).unwrap();
    assert_eq!(told["jobs"][0]["job"], "816");
}

#[test]
fn what_was_submitted_before_a_refusal_is_told() {
    let folder = folder();
    write_many(&folder);
    pretend(&folder, "squeue", "true");
    let limit = "echo 'Batch job submission failed: Job violates policy' >&2; exit 1";
    pretend(&folder, "sbatch", &format!("[ -e once ] && {{ {limit}; }}; touch once; echo 815"));
    let half = beside(&folder, &format!("{SLURM} --format json"));
    assert_eq!(half.code, 4, "{half:?}");
    let told: serde_json::Value = serde_json::from_str(&half.out).unwrap();
    let jobs = told["jobs"].as_array().unwrap();
    assert_eq!((jobs.len(), &jobs[0]["job"]), (1, &"815".into()));
    assert!(folder.at("t/slurm/001.sh").exists() && !folder.at("t/slurm/002.sh").exists());
}

/// A study of more runs than an array has.
fn write_many(folder: &Folder) {
    let seeds: Vec<String> = (0..501).map(|seed| seed.to_string()).collect();
    let many = super::study().replace("[0, 1]", &format!("[{}]", seeds.join(", ")));
    std::fs::write(folder.at("s/tiny.yaml"), many).unwrap();
}

#[test]
fn more_runs_than_an_array_has_are_several_arrays() {
    let folder = folder();
    write_many(&folder);
    let said = folder.expect(0, &format!("{SLURM} --dry-run"));
    let arrays: Vec<&str> = said.out.lines().filter(|line| line.contains("--array=")).collect();
    assert_eq!(arrays, ["#SBATCH --array=0-999", "#SBATCH --array=0-1"]);
    assert!(said.err.contains("/t/slurm/001.sh\n") && said.err.contains("/t/slurm/002.sh\n"));
}

#[test]
fn what_is_missing_or_makes_no_sense_is_said() {
    let folder = folder();
    let none = folder.command(SLURM).env("PATH", "/nowhere").output().unwrap();
    let none = outcome(&none);
    assert_eq!(none.code, 4, "{none:?}");
    assert!(
        none.err
            .contains("squeue, a program of Slurm, is in none of the folders of PATH (/nowhere)"),
        "{none:?}"
    );
    for (code, line, words) in [
        (2, "--on local -- --time=1", "options behind -- are a scheduler's"),
        (2, "--before ls", "--before is of a scheduler's tasks"),
        (2, "--on hyperqueue --jobs 2", "--jobs is not HyperQueue's to keep"),
        (2, "--on slurm --format csv", "a submission has no table"),
        (2, "--on slurm --adapter 1", "--adapter is the scheduler's to choose"),
        (2, "--on slurm --table", "cannot be used with"),
        (2, "--on slurm --run four-seed0", "cannot be used with"),
        (2, "--run four-seed0 --format json", "--run prints no table: leave out --format"),
        (2, "--run four-seed0 -- --time=1", "--run trains one run in this process: leave out the"),
        (2, "--table --jobs 2", "--table runs nothing: leave out --jobs"),
        (2, "--table --before ls", "--table submits nothing: leave out --before"),
        (2, "--table -- --time=1", "--table submits nothing: leave out the options behind --"),
        (2, "--dry-run --format html", "a dry run has no table: leave out --format"),
        (2, "--dry-run --engine cpu --adapter 1", "--adapter is of the GPU engine"),
        (2, "--on slurm --dry-run --tune off", "--tune is of the GPU engine"),
        (2, "--on hq --dry-run --engine cpu --precision f16", "f16"),
        (2, "--on pbs", "[possible values: local, slurm, hyperqueue]"),
        (2, "--run four-seed9", "has no run four-seed9; did you mean four-seed0?"),
        (2, "--on slurm --dry-run --out a%b", "schedulers read '%' in names of files"),
    ] {
        let line = format!("study s/tiny.yaml --data cifar {line}");
        let said = folder.expect(code, &line);
        assert!(said.err.contains(words), "{line}: {said:?}");
    }
    let far = folder.expect(3, "study s/tiny.yaml --on slurm --dry-run");
    assert!(
        far.err.contains("cifar10 is not here, and tasks may have no network: rnetc data fetch"),
        "{far:?}"
    );
}

#[test]
fn memory_is_not_asked_for_by_pictures_that_are_not_there() {
    let folder = folder();
    std::fs::remove_file(folder.at("cifar/data_batch_3.bin")).unwrap();
    let less = folder.expect(3, &format!("{SLURM} --dry-run"));
    assert!(less.err.contains("data_batch_3.bin is missing"), "{less:?}");
    let far = folder.expect(3, &format!("{} --dry-run", SLURM.replace("cifar", "cigar")));
    assert!(far.err.contains("cigar"), "{far:?}");
}

#[test]
fn a_task_reads_the_spec_of_its_own_row_alone() {
    let folder = folder();
    let two = super::STUDY
        .replace("MANY", "4")
        .replace("{ label: six, spec: ../tiny.rnet", "{ label: six, spec: six.rnet");
    std::fs::write(folder.at("s/tiny.yaml"), two).unwrap();
    std::fs::copy(folder.at("tiny.rnet"), folder.at("s/six.rnet")).unwrap();
    let line = "study s/tiny.yaml --data cifar --engine cpu --threads 1 --out t";
    folder.expect(0, &format!("{line} --dry-run"));
    std::fs::remove_file(folder.at("s/six.rnet")).unwrap();
    let whole = folder.expect(3, &format!("{line} --dry-run"));
    assert!(whole.err.contains("six.rnet"), "{whole:?}");
    folder.expect(0, &format!("{line} --run four-seed1"));
    let own = folder.expect(3, &format!("{line} --run six-seed1"));
    assert!(own.err.contains("six.rnet"), "{own:?}");
}

#[test]
fn a_dry_run_is_json_where_that_is_asked_for() {
    let folder = folder();
    let told = |line: &str| -> serde_json::Value {
        serde_json::from_str(&folder.expect(0, line).out).unwrap()
    };
    let here = told("study s/tiny.yaml --data cifar --out t --dry-run --format json");
    assert_eq!((&here["on"], &here["done"]), (&"local".into(), &0.into()));
    let run = &here["runs"][1];
    assert_eq!((&run["run"], &run["command"][1]), (&"six-seed0".into(), &"run".into()));

    let there = told(&format!("{SLURM} --dry-run --format json -- --account=me"));
    let job = &there["jobs"][0];
    let script = folder.at("t/slurm/001.sh").display().to_string();
    assert_eq!(job["command"], serde_json::json!(["sbatch", "--parsable", "--account=me", script]));
    assert!(job["job"].is_null() && job["text"].as_str().unwrap().contains("--array=0-3\n"));
    assert_eq!(job["runs"][1], "six-seed0");
}

#[test]
fn a_dry_run_here_prints_the_command_of_each_run() {
    let folder = folder();
    let said = folder.expect(0, "study s/tiny.yaml --data cifar --out t --dry-run");
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines.len(), 4, "{said:?}");
    assert!(lines[1].starts_with("rnetc run s/../tiny.rnet --train cifar10 --recipe s/often.yaml"));
    let rest = format!("--out t/six-seed0 --set width=6 --steps {}", super::STEPS);
    assert!(lines[1].contains(&rest), "{said:?}");
    assert!(!folder.at("t").exists());
}

#[test]
fn a_task_waits_for_the_process_that_trains_its_run_and_ends_when_it_is_told() {
    let folder = folder();
    let short = super::STUDY.replace("MANY", "4");
    std::fs::write(folder.at("s/tiny.yaml"), short).unwrap();
    std::fs::create_dir_all(folder.at("t/four-seed0")).unwrap();
    let line = "study s/tiny.yaml --data cifar --engine cpu --threads 1 --out t --run four-seed0";
    let start = || {
        let text = std::fs::File::create(folder.at("said")).unwrap();
        let child = folder.command(line).stdout(Stdio::null()).stderr(text).spawn().unwrap();
        let said = || std::fs::read_to_string(folder.at("said")).unwrap();
        wait_until("it waits", || said().contains("another process trains it; waits"));
        child
    };
    let held = rnetc::train::record::lock::Lock::take(&folder.at("t/four-seed0")).unwrap();
    let mut told = start();
    let sent = Command::new("kill").args(["-s", "USR1", &told.id().to_string()]).status();
    assert!(sent.unwrap().success());
    // Not 138, which would have it begin again for ever.
    assert_eq!(told.wait().unwrap().code(), Some(1));
    let said = std::fs::read_to_string(folder.at("said")).unwrap();
    assert!(
        said.contains("error: four, seed 0: its time was up before it had trained a step"),
        "{said}"
    );
    // How it ends is for the other process to say.
    assert!(!folder.at("t/four-seed0/failed.txt").exists());

    std::fs::write(folder.at("t/four-seed0/failed.txt"), "no room\n").unwrap();
    let table = folder.expect(0, "study s/tiny.yaml --out t --table");
    assert!(table.err.contains("four, seed 0: failed: no room"), "{table:?}");
    assert!(table.out.contains("0 of 2, 1 failed"), "{table:?}");
    let mut waits = start();
    drop(held);
    assert!(waits.wait().unwrap().success());
    // In which precision more would be trained makes no difference.
    let table = folder.expect(0, "study s/tiny.yaml --out t --table --precision bf16");
    assert!(table.out.contains("1 of 2") && !table.err.contains("failed"), "{table:?}");
    assert!(!folder.at("t/four-seed0/failed.txt").exists());
}
