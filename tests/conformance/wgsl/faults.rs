//! What the interpreter sees: every kernel here has a defect but the first.

use super::Fault;
use super::memory::{Memory, UNWRITTEN};
use super::module::{Kernel, Limits};
use super::workgroup::Workgroup;

/// All that there is.
const EVERYTHING: Limits =
    Limits { subgroup: Some(8), matrices: true, half: true, memory: 16 << 10, threads: 256 };

/// What two workgroups of sixteen threads leave in a buffer of 64 numbers that begin at zero. They
/// share `shared`.
fn run(body: &str) -> Result<Vec<f32>, Fault> {
    let text = format!(
        "enable f16;
enable wgpu_cooperative_matrix;
@group(0) @binding(0) var<storage, read_write> out: array<f32>;
var<workgroup> shared_numbers: array<f32, 128>;
var<workgroup> tile: array<f16, 256>;
@compute @workgroup_size(16)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_invocation_id) lane: u32,
    @builtin(local_invocation_index) index: u32,
) {{
    let thread = subgroup * 8u + lane;
    let at = group.x * 16u + thread;
{body}
}}"
    );
    let kernel = Kernel::new(&text, EVERYTHING)?;
    let mut out = vec![0u16; 128];
    let (mut numbers, mut tile) = (vec![UNWRITTEN; 256], vec![UNWRITTEN; 256]);
    let memory = [&mut out, &mut numbers, &mut tile].map(|m| Memory::new(m)).into();
    Workgroup::new(&kernel, memory, EVERYTHING.subgroup, [2, 1, 1]).dispatch()?;
    let number = |h: &[u16]| f32::from_bits(u32::from(h[0]) | u32::from(h[1]) << 16);
    Ok(out.chunks(2).map(number).collect())
}

fn refused(body: &str, word: &str) {
    match run(body) {
        Ok(out) => panic!("nothing was found in\n{body}\n{out:?}"),
        Err(fault) => assert!(fault.contains(word), "{fault}"),
    }
}

#[test]
fn what_is_right_is_computed() {
    let out = run("
    shared_numbers[thread] = f32(thread);
    workgroupBarrier();
    var sum = 0.0;
    for (var i = 0u; i < 16u; i++) {
        if (i == 3u) { continue; }
        sum += shared_numbers[(thread + i) % 16u];
    }
    out[at] = select(sum, -1.0, thread == 5u);")
    .expect("runs");
    for group in 0..2 {
        for thread in 0..16 {
            let want = if thread == 5 { -1.0 } else { (120 - (thread + 3) % 16) as f32 };
            assert_eq!(out[group * 16 + thread], want);
        }
    }
    assert_eq!(out[32..], [0.0; 32]);
}

#[test]
fn threads_of_a_subgroup_are_added_up() {
    let out = run("
    var sum = f32(thread);
    for (var distance = 1u; distance < 8u; distance *= 2u) {
        sum += subgroupShuffleXor(sum, distance);
    }
    out[at] = sum - subgroupAdd(f32(lane));")
    .expect("runs");
    assert_eq!(out[..16], [[0.0; 8], [64.0; 8]].concat());
}

/// 2·I, twice and by both subgroups, times what stands row by row, whichever way it is loaded and stored.
#[test]
fn matrices_are_multiplied_by_rows_and_by_columns() {
    for (load, store, transposed) in
        [("", "", false), ("T", "T", false), ("T", "", true), ("", "T", true)]
    {
        let out = run(&format!(
            "
    for (var e = thread; e < 64u; e += 16u) {{
        tile[e] = select(0h, 2h, e / 8u == e % 8u);
        tile[64u + e] = f16(e);
    }}
    workgroupBarrier();
    let a = coopLoad<coop_mat8x8<f16, A>>(&tile[0], 8u);
    let b = coopLoad{load}<coop_mat8x8<f16, B>>(&tile[64], 8u);
    var c = coopMultiplyAdd(a, b, coop_mat8x8<f32, C>());
    if (group.x == 0u) {{
        c = coopMultiplyAdd(a, b, c);
    }}
    coopStore{store}(c, &shared_numbers[subgroup * 64u], 8u);
    workgroupBarrier();
    if (group.x == 0u) {{
        for (var e = thread; e < 64u; e += 16u) {{
            out[e] = shared_numbers[e] + shared_numbers[64u + e];
        }}
    }}"
        ))
        .expect("runs");
        let want = |e: usize| 8.0 * if transposed { e % 8 * 8 + e / 8 } else { e } as f32;
        assert_eq!(out, (0..64).map(want).collect::<Vec<_>>());
    }
}

#[test]
fn half_precision_rounds_each_step() {
    let out = run("
    let x = 1h + f16(thread) * 0.0001h;
    out[at] = f32(x);")
    .expect("runs");
    let half = |x: f32| half::f16::from_f32(x).to_f32();
    for (thread, have) in out[..16].iter().enumerate() {
        assert_eq!(*have, half(1.0 + half(thread as f32 * half(0.0001))));
    }
    let step = 1.0 / 1024.0;
    assert!(out[..16].iter().all(|x| (x - 1.0) % step == 0.0), "{out:?}");
}

#[test]
fn what_nobody_has_written_is_no_number() {
    let out = run("out[at] = max(shared_numbers[thread], 1.0);").expect("runs");
    assert!(out[..32].iter().all(|x| x.is_nan()), "{out:?}");
}

#[test]
fn bounds_are_kept() {
    refused("out[at + 40u] = 1.0;", "byte 256 of 256");
    refused("shared_numbers[thread * 9u] = 1.0;", "no part number");
    refused("out[at] = out[at - 1u];", "no part number 4294967295");
    refused("out[at] = vec4<f32>(1.0)[thread];", "no part number 4");
}

#[test]
fn threads_do_not_race() {
    // Another thread's number, without a barrier.
    refused("shared_numbers[thread] = 1.0; out[at] = shared_numbers[15u - thread];", " reads ");
    // A barrier too few at the end of a turn.
    refused(
        "for (var i = 0u; i < 2u; i++) {
            shared_numbers[thread] = 1.0;
            workgroupBarrier();
            out[at] = shared_numbers[(thread + 1u) % 16u];
        }",
        " writes ",
    );
    refused("shared_numbers[thread / 2u] = 1.0;", " wrote");
    // Workgroups are not ordered by any barrier.
    refused("workgroupBarrier(); storageBarrier(); out[thread] = 1.0;", " wrote");
    refused("if (group.x == 1u) { out[at] = out[0]; } else { out[at] = 1.0; }", " reads ");
    // What a subgroup stores together is nobody's own.
    refused("coopStore(coop_mat8x8<f32, C>(), &shared_numbers[0], 8u);", "Several writes");
    refused(
        "coopStore(coop_mat8x8<f32, C>(), &shared_numbers[subgroup * 64u], 8u);
        out[at] = shared_numbers[0];",
        "that Several wrote",
    );
}

#[test]
fn barriers_and_subgroups_are_whole() {
    refused("if (thread < 8u) { workgroupBarrier(); }", "barrier");
    refused("if (thread == 3u) { return; } workgroupBarrier();", "barrier");
    refused(
        "if (thread < 4u) { coopStore(coop_mat8x8<f32, C>(), &shared_numbers[0], 8u); }",
        "4 of 8 threads",
    );
    refused("out[at] = subgroupShuffleXor(1.0, 8u);", "asks number");
    refused("if (lane < 4u) { out[at] = subgroupShuffleXor(1.0, 4u); }", "asks number 4");
}

#[test]
fn matrices_begin_and_go_on_where_vulkan_allows() {
    let load = |at: &str| {
        format!(
            "let a = coopLoad<coop_mat8x8<f16, A>>({at});
            out[at] = 0.0;
            let c = coopMultiplyAdd(
                a, coop_mat8x8<f16, B>(), coop_mat8x8<f32, C>());"
        )
    };
    refused(&load("&tile[4], 8u"), "byte 8");
    refused(&load("&tile[0], 12u"), "24 bytes a line");
    refused(&load("&tile[224], 8u"), "byte 512");
    refused(&load("&tile[lane * 8u], 8u"), "more than one place");
}

/// Whether a kernel relies on an order that nobody promises.
#[test]
fn subgroups_number_their_threads_as_they_like() {
    let out = run("out[at] = f32(index);").expect("runs");
    assert!(out[..16].iter().zip(0i16..).all(|(have, thread)| *have != f32::from(thread)));
    let mut sorted = out[..16].to_vec();
    sorted.sort_by(f32::total_cmp);
    assert_eq!(sorted, (0i16..16).map(f32::from).collect::<Vec<_>>());
}

#[test]
fn what_an_adapter_lacks_is_refused() {
    let compute = |body: &str| format!("@compute @workgroup_size(64) fn main({body}");
    let bare = Limits { subgroup: None, matrices: false, half: false, ..EVERYTHING };
    let subgroups = compute("@builtin(subgroup_id) s: u32) {}");
    let half = format!("enable f16; {}", compute(") { var x = 1h; }"));
    let large = format!("var<workgroup> m: array<u32, 4097>; {}", compute(") { m[0] = 1u; }"));
    for text in [&subgroups, &half, &large] {
        Kernel::new(text, bare).expect_err(text);
    }
    let wide = compute(") {}").replace("64", "512");
    Kernel::new(&wide, EVERYTHING).expect_err("too many threads");
    Kernel::new(&subgroups, EVERYTHING).expect("subgroups");
    Kernel::new(&half, EVERYTHING).expect("half");
}
