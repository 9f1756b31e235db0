// A convolution in registers: each thread has PIXELS neighbouring pixels and BLOCKS groups of four
// channels. `products` adds up what its windows see, `stores` writes the sums.

alias V = vec4<f32>;
const THREADS = 4u;
const PIXELS = 16u;
const BLOCKS = 1u;
const SIDE = 1u;
const GROUPS = 1u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> starts: array<vec4<u32>, 1>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn read4_b1(i: u32) -> vec4<f32> {
    return b1[i / 4u];
}
fn write4_b2(i: u32, v: vec4<f32>) {
    b2[i / 4u] = v;
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    let thread = id / SIDE * 64u + local;
    if (thread >= THREADS) {
        return;
    }
    let row = thread * PIXELS;
    let col = id % SIDE * (4u * BLOCKS);
    var acc0 = V(0.0);
    var acc1 = V(0.0);
    var acc2 = V(0.0);
    var acc3 = V(0.0);
    var acc4 = V(0.0);
    var acc5 = V(0.0);
    var acc6 = V(0.0);
    var acc7 = V(0.0);
    var acc8 = V(0.0);
    var acc9 = V(0.0);
    var acc10 = V(0.0);
    var acc11 = V(0.0);
    var acc12 = V(0.0);
    var acc13 = V(0.0);
    var acc14 = V(0.0);
    var acc15 = V(0.0);
        let t0 = row / 16u;
        let t1 = row / 4u % 4u;
        let t2 = row % 4u;
        let t3 = t2 * 1u;
        for (var step = 0u; step < 9u; step++) {
            let t4 = step / 3u;
            let t5 = step % 3u * 1u;
            let t6 = (t1 + 0u) * 1u + t4 - 1u;
            let t7 = t6 < 4u;
            let t8 = select(0u, t6, t7);
            let t9 = t3 - 1u;
            let t10 = t7 && t9 < 4u;
            let t11 = select(0u, t9, t10);
            let t12 = (((t0) * 4u + t8) * 4u + t11) * 3u + t5;
            let t13 = read1_b0(t12);
            let t14 = select(f32(0.0), t13, t10);
            let t15 = t3 + 0u;
            let t16 = (((t0) * 4u + t8) * 4u + t15) * 3u + t5;
            let t17 = read1_b0(t16);
            let t18 = select(f32(0.0), t17, t7);
            let t19 = t3 + 1u;
            let t20 = (((t0) * 4u + t8) * 4u + t19) * 3u + t5;
            let t21 = read1_b0(t20);
            let t22 = select(f32(0.0), t21, t7);
            let t23 = t3 + 2u;
            let t24 = (((t0) * 4u + t8) * 4u + t23) * 3u + t5;
            let t25 = read1_b0(t24);
            let t26 = select(f32(0.0), t25, t7);
            let t27 = t3 + 3u;
            let t28 = (((t0) * 4u + t8) * 4u + t27) * 3u + t5;
            let t29 = read1_b0(t28);
            let t30 = select(f32(0.0), t29, t7);
            let t31 = t3 + 4u;
            let t32 = t7 && t31 < 4u;
            let t33 = select(0u, t31, t32);
            let t34 = (((t0) * 4u + t8) * 4u + t33) * 3u + t5;
            let t35 = read1_b0(t34);
            let t36 = select(f32(0.0), t35, t32);
            let t37 = (t1 + 1u) * 1u + t4 - 1u;
            let t38 = t37 < 4u;
            let t39 = select(0u, t37, t38);
            let t40 = t3 - 1u;
            let t41 = t38 && t40 < 4u;
            let t42 = select(0u, t40, t41);
            let t43 = (((t0) * 4u + t39) * 4u + t42) * 3u + t5;
            let t44 = read1_b0(t43);
            let t45 = select(f32(0.0), t44, t41);
            let t46 = t3 + 0u;
            let t47 = (((t0) * 4u + t39) * 4u + t46) * 3u + t5;
            let t48 = read1_b0(t47);
            let t49 = select(f32(0.0), t48, t38);
            let t50 = t3 + 1u;
            let t51 = (((t0) * 4u + t39) * 4u + t50) * 3u + t5;
            let t52 = read1_b0(t51);
            let t53 = select(f32(0.0), t52, t38);
            let t54 = t3 + 2u;
            let t55 = (((t0) * 4u + t39) * 4u + t54) * 3u + t5;
            let t56 = read1_b0(t55);
            let t57 = select(f32(0.0), t56, t38);
            let t58 = t3 + 3u;
            let t59 = (((t0) * 4u + t39) * 4u + t58) * 3u + t5;
            let t60 = read1_b0(t59);
            let t61 = select(f32(0.0), t60, t38);
            let t62 = t3 + 4u;
            let t63 = t38 && t62 < 4u;
            let t64 = select(0u, t62, t63);
            let t65 = (((t0) * 4u + t39) * 4u + t64) * 3u + t5;
            let t66 = read1_b0(t65);
            let t67 = select(f32(0.0), t66, t63);
            let t68 = (t1 + 2u) * 1u + t4 - 1u;
            let t69 = t68 < 4u;
            let t70 = select(0u, t68, t69);
            let t71 = t3 - 1u;
            let t72 = t69 && t71 < 4u;
            let t73 = select(0u, t71, t72);
            let t74 = (((t0) * 4u + t70) * 4u + t73) * 3u + t5;
            let t75 = read1_b0(t74);
            let t76 = select(f32(0.0), t75, t72);
            let t77 = t3 + 0u;
            let t78 = (((t0) * 4u + t70) * 4u + t77) * 3u + t5;
            let t79 = read1_b0(t78);
            let t80 = select(f32(0.0), t79, t69);
            let t81 = t3 + 1u;
            let t82 = (((t0) * 4u + t70) * 4u + t81) * 3u + t5;
            let t83 = read1_b0(t82);
            let t84 = select(f32(0.0), t83, t69);
            let t85 = t3 + 2u;
            let t86 = (((t0) * 4u + t70) * 4u + t85) * 3u + t5;
            let t87 = read1_b0(t86);
            let t88 = select(f32(0.0), t87, t69);
            let t89 = t3 + 3u;
            let t90 = (((t0) * 4u + t70) * 4u + t89) * 3u + t5;
            let t91 = read1_b0(t90);
            let t92 = select(f32(0.0), t91, t69);
            let t93 = t3 + 4u;
            let t94 = t69 && t93 < 4u;
            let t95 = select(0u, t93, t94);
            let t96 = (((t0) * 4u + t70) * 4u + t95) * 3u + t5;
            let t97 = read1_b0(t96);
            let t98 = select(f32(0.0), t97, t94);
            let t99 = (t1 + 3u) * 1u + t4 - 1u;
            let t100 = t99 < 4u;
            let t101 = select(0u, t99, t100);
            let t102 = t3 - 1u;
            let t103 = t100 && t102 < 4u;
            let t104 = select(0u, t102, t103);
            let t105 = (((t0) * 4u + t101) * 4u + t104) * 3u + t5;
            let t106 = read1_b0(t105);
            let t107 = select(f32(0.0), t106, t103);
            let t108 = t3 + 0u;
            let t109 = (((t0) * 4u + t101) * 4u + t108) * 3u + t5;
            let t110 = read1_b0(t109);
            let t111 = select(f32(0.0), t110, t100);
            let t112 = t3 + 1u;
            let t113 = (((t0) * 4u + t101) * 4u + t112) * 3u + t5;
            let t114 = read1_b0(t113);
            let t115 = select(f32(0.0), t114, t100);
            let t116 = t3 + 2u;
            let t117 = (((t0) * 4u + t101) * 4u + t116) * 3u + t5;
            let t118 = read1_b0(t117);
            let t119 = select(f32(0.0), t118, t100);
            let t120 = t3 + 3u;
            let t121 = (((t0) * 4u + t101) * 4u + t120) * 3u + t5;
            let t122 = read1_b0(t121);
            let t123 = select(f32(0.0), t122, t100);
            let t124 = t3 + 4u;
            let t125 = t100 && t124 < 4u;
            let t126 = select(0u, t124, t125);
            let t127 = (((t0) * 4u + t101) * 4u + t126) * 3u + t5;
            let t128 = read1_b0(t127);
            let t129 = select(f32(0.0), t128, t125);
            let t130 = (((t4) * 3u) * 3u + (t5 + 0u)) * 4u + (col + 0u);
            let t131 = read4_b1(starts[0].x + t130);
            let t132 = (((t4) * 3u + 1u) * 3u + (t5 + 0u)) * 4u + (col + 0u);
            let t133 = read4_b1(starts[0].x + t132);
            let t134 = (((t4) * 3u + 2u) * 3u + (t5 + 0u)) * 4u + (col + 0u);
            let t135 = read4_b1(starts[0].x + t134);
            acc0 = acc0 + t14 * t131 + t18 * t133 + t22 * t135;
            acc1 = acc1 + t18 * t131 + t22 * t133 + t26 * t135;
            acc2 = acc2 + t22 * t131 + t26 * t133 + t30 * t135;
            acc3 = acc3 + t26 * t131 + t30 * t133 + t36 * t135;
            acc4 = acc4 + t45 * t131 + t49 * t133 + t53 * t135;
            acc5 = acc5 + t49 * t131 + t53 * t133 + t57 * t135;
            acc6 = acc6 + t53 * t131 + t57 * t133 + t61 * t135;
            acc7 = acc7 + t57 * t131 + t61 * t133 + t67 * t135;
            acc8 = acc8 + t76 * t131 + t80 * t133 + t84 * t135;
            acc9 = acc9 + t80 * t131 + t84 * t133 + t88 * t135;
            acc10 = acc10 + t84 * t131 + t88 * t133 + t92 * t135;
            acc11 = acc11 + t88 * t131 + t92 * t133 + t98 * t135;
            acc12 = acc12 + t107 * t131 + t111 * t133 + t115 * t135;
            acc13 = acc13 + t111 * t131 + t115 * t133 + t119 * t135;
            acc14 = acc14 + t115 * t131 + t119 * t133 + t123 * t135;
            acc15 = acc15 + t119 * t131 + t123 * t133 + t129 * t135;
        }
    write4_b2((row + 0u) * 4u + col + 0u, acc0);
    write4_b2((row + 1u) * 4u + col + 0u, acc1);
    write4_b2((row + 2u) * 4u + col + 0u, acc2);
    write4_b2((row + 3u) * 4u + col + 0u, acc3);
    write4_b2((row + 4u) * 4u + col + 0u, acc4);
    write4_b2((row + 5u) * 4u + col + 0u, acc5);
    write4_b2((row + 6u) * 4u + col + 0u, acc6);
    write4_b2((row + 7u) * 4u + col + 0u, acc7);
    write4_b2((row + 8u) * 4u + col + 0u, acc8);
    write4_b2((row + 9u) * 4u + col + 0u, acc9);
    write4_b2((row + 10u) * 4u + col + 0u, acc10);
    write4_b2((row + 11u) * 4u + col + 0u, acc11);
    write4_b2((row + 12u) * 4u + col + 0u, acc12);
    write4_b2((row + 13u) * 4u + col + 0u, acc13);
    write4_b2((row + 14u) * 4u + col + 0u, acc14);
    write4_b2((row + 15u) * 4u + col + 0u, acc15);
}
