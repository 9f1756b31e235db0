//! The assembler against GNU as.

use super::assembler::*;
use super::instructions::*;

/// As GNU as 2.40 encodes the same instructions (Intel syntax in the comments), except that
/// displacements are never left out.
#[test]
fn encodings_are_those_of_an_assembler() {
    let r = |n| Operand::Zmm(Zmm(n));
    let indexed = Mem { base: Gpr(13), index: Some((RCX, 1)), disp: 128 };
    let check = |emit: &dyn Fn(&mut Assembler), want: &str| {
        let mut a = Assembler::default();
        emit(&mut a);
        let have: Vec<String> = a.code.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(have.join(" "), want);
    };
    // vaddps zmm3, zmm17, zmm30
    check(&|a| a.vector(ADD, Zmm(3), Zmm(17), r(30)), "62 91 74 40 58 de");
    // vmulps zmm31, zmm8, [r13+rcx*2+128]
    check(&|a| a.vector(MUL, Zmm(31), Zmm(8), Operand::Mem(indexed)), "62 41 3c 48 59 7c 4d 02");
    // vfnmadd213ps zmm9, zmm16, zmm1
    check(&|a| a.vector(FMADD_213.negated(), Zmm(9), Zmm(16), r(1)), "62 72 7d 40 ac c9");
    // vfmsub231ps zmm9, zmm16, zmm1
    check(&|a| a.vector(FMADD_231.subtracting(), Zmm(9), Zmm(16), r(1)), "62 72 7d 40 ba c9");
    // vsqrtps zmm20, zmm21
    check(&|a| a.vector(SQRT, Zmm(20), Zmm(0), r(21)), "62 a1 7c 48 51 e5");
    // vpxord zmm20, zmm20, zmm21
    check(&|a| a.vector(XOR, Zmm(20), Zmm(20), r(21)), "62 a1 5d 40 ef e5");
    // vmovaps zmm1, zmm25
    check(&|a| a.copy(Zmm(1), Zmm(25)), "62 91 7c 48 28 c9");
    // vmovaps zmm18{k1}{z}, zmm7
    check(&|a| a.masked_copy(Zmm(18), Zmm(7)), "62 e1 7c c9 28 d7");
    let same = |disp| Operand::Same(Mem::at(RSP, disp));
    // vmovaps zmm18{k1}, zmm7
    check(&|a| a.merge(Zmm(18), Zmm(7)), "62 e1 7c 49 28 d7");
    // vblendmps zmm3{k1}, zmm17, zmm30
    check(&|a| a.blend(Zmm(3), r(30), Zmm(17)), "62 92 75 41 65 de");
    // vblendmps zmm3{k1}, zmm17, dword ptr [rsp+68]{1to16}
    check(&|a| a.blend(Zmm(3), same(68), Zmm(17)), "62 f2 75 51 65 5c 24 11");
    // vcmplt_oqps k1, zmm29, zmm12
    check(&|a| a.compare_vectors(Predicate::Below, Zmm(29), r(12)), "62 d1 14 40 c2 cc 11");
    // vcmpnle_uqps k1, zmm2, dword ptr [r13+rcx*2+128]{1to16}
    check(
        &|a| a.compare_vectors(Predicate::NotAtMost, Zmm(2), Operand::Same(indexed)),
        "62 d1 6c 58 c2 4c 4d 20 16",
    );
    // vrndscaleps zmm21, zmm6, 8
    check(&|a| a.vector_with(ROUND, Zmm(21), r(6)), "62 e3 7d 48 08 ee 08");
    // vgetmantps zmm21, zmm6, 3
    check(&|a| a.vector_with(MANTISSA, Zmm(21), r(6)), "62 e3 7d 48 26 ee 03");
    // vgetexpps zmm4, dword ptr [rsp+8]{1to16}
    check(&|a| a.vector(EXPONENT, Zmm(4), Zmm(0), same(8)), "62 f2 7d 58 42 64 24 02");
    let of_two = |op, want: &str| check(&|a| a.vector(op, Zmm(9), Zmm(16), r(1)), want);
    // vscalefps zmm9, zmm16, zmm1, and likewise vminps, vpandd, vpord, vpaddd
    of_two(SCALE, "62 72 7d 40 2c c9");
    of_two(MIN, "62 71 7c 40 5d c9");
    of_two(AND, "62 71 7d 40 db c9");
    of_two(OR, "62 71 7d 40 eb c9");
    of_two(ADD_INTEGERS, "62 71 7d 40 fe c9");
    // vpmulld zmm9, zmm16, dword ptr [rsp+516]{1to16}
    check(
        &|a| a.vector(MUL_INTEGERS, Zmm(9), Zmm(16), same(516)),
        "62 72 7d 50 40 8c 24 04 02 00 00",
    );
    // vcvtdq2ps zmm20, zmm21
    check(&|a| a.vector(FROM_INTEGER, Zmm(20), Zmm(0), r(21)), "62 a1 7c 48 5b e5");
    // vcvttps2dq zmm20, zmm21
    check(&|a| a.vector(TO_INTEGER, Zmm(20), Zmm(0), r(21)), "62 a1 7e 48 5b e5");
    // vpsrld zmm19, zmm27, 15
    check(&|a| a.shift_right(Zmm(19), r(27), 15), "62 91 65 40 72 d3 0f");
    // vmovups zmm5, [rsp+64]
    check(&|a| a.load(Zmm(5), Mem::at(RSP, 64)), "62 f1 7c 48 10 6c 24 01");
    // vmovups zmm5, [r12+8193]
    check(&|a| a.load(Zmm(5), Mem::at(Gpr(12), 8193)), "62 d1 7c 48 10 ac 24 01 20 00 00");
    // vmovups [r13+rcx*2+128], zmm22
    check(&|a| a.store(Zmm(22), indexed), "62 c1 7c 48 11 74 4d 02");
    // vbroadcastss zmm4, [rax+12]
    check(&|a| a.broadcast(Zmm(4), Mem::at(RAX, 12)), "62 f2 7d 48 18 60 03");
    // vpmovzxwd zmm19, [r13+rcx*2+96]; vpslld zmm19, zmm19, 16
    check(
        &|a| a.load_bf16(Zmm(19), Mem { disp: 96, ..indexed }),
        "62 c2 7d 48 33 5c 4d 03 62 b1 65 40 72 f3 10",
    );
    // vcvtneps2bf16 ymm19, zmm27
    check(&|a| a.narrow(Zmm(19), Zmm(27)), "62 82 7e 48 72 db");
    // vpmovzxwd zmm11, ymm27; vpslld zmm11, zmm11, 16
    check(&|a| a.widen(Zmm(11), Zmm(27)), "62 12 7d 48 33 db 62 d1 25 48 72 f3 10");
    // vmovups [r14-32], ymm23
    check(&|a| a.store_half(Zmm(23), Mem::at(Gpr(14), -32)), "62 c1 7c 28 11 7e ff");
    let part = |emit: &dyn Fn(&mut Assembler), want: &str| {
        check(
            &|a| {
                a.part = 2;
                emit(a);
            },
            want,
        );
    };
    // kmovw k2, word ptr [rsp+rcx*1+128]
    let mask = Mem { base: RSP, index: Some((RCX, 0)), disp: 128 };
    part(&|a| a.read_part(mask), "c5 f8 90 94 0c 80 00 00 00");
    // kmovw word ptr [rsp+128], k2
    part(&|a| a.write_part(Mem::at(RSP, 128)), "c5 f8 91 94 24 80 00 00 00");
    // vpcmpltd k2, zmm20, dword ptr [rsp+32]{1to16}
    part(&|a| a.set_part(Zmm(20), Mem::at(RSP, 32)), "62 f3 5d 50 1f 54 24 08 01");
    // vmovups zmm5{k2}{z}, [r12+64]
    part(&|a| a.load_part(Zmm(5), Mem::at(Gpr(12), 64)), "62 d1 7c ca 10 6c 24 01");
    // vmovups [r13+rcx*2+128]{k2}, zmm22
    part(&|a| a.store_part(Zmm(22), indexed), "62 c1 7c 4a 11 74 4d 02");
    // vmovdqu16 [r14-32]{k2}, ymm23
    part(&|a| a.store_half(Zmm(23), Mem::at(Gpr(14), -32)), "62 c1 ff 2a 7f 7e ff");
    // vpmovzxwd zmm19{k2}{z}, [r13+rcx*2+96]; vpslld zmm19, zmm19, 16
    part(
        &|a| a.load_bf16(Zmm(19), Mem { disp: 96, ..indexed }),
        "62 c2 7d ca 33 5c 4d 03 62 b1 65 40 72 f3 10",
    );
    // mov r9, [r13+rcx*2+128]
    check(&|a| a.read(Gpr(9), indexed), "4d 8b 8c 4d 80 00 00 00");
    // mov [rsp+8], r10
    check(&|a| a.write(Mem::at(RSP, 8), Gpr(10)), "4c 89 54 24 08");
    // lea r8, [rax+rcx*4+1024]
    check(
        &|a| a.address_of(Gpr(8), Mem { base: RAX, index: Some((RCX, 2)), disp: 1024 }),
        "4c 8d 84 88 00 04 00 00",
    );
    // mov qword ptr [rsp+16], 5
    check(&|a| a.write_number(Mem::at(RSP, 16), 5), "48 c7 44 24 10 05 00 00 00");
    // add qword ptr [rsp+16], 1000
    check(&|a| a.add_in_place(Mem::at(RSP, 16), 1000), "48 81 44 24 10 e8 03 00 00");
    // cmp qword ptr [rsp+16], 1000
    check(&|a| a.compare_in_place(Mem::at(RSP, 16), 1000), "48 81 7c 24 10 e8 03 00 00");
    // add r11, 70000
    check(&|a| a.add(Gpr(11), 70000), "49 81 c3 70 11 01 00");
    // prefetcht0 [r13+rcx*2+128]
    check(&|a| a.prefetch(indexed), "41 0f 18 8c 4d 80 00 00 00");
    // cmp rcx, 70000
    check(&|a| a.compare(RCX, 70000), "48 81 f9 70 11 01 00");
    // mov rbp, rsp
    check(&|a| a.set(RBP, RSP), "48 89 e5");
    // xor rcx, rcx
    check(&|a| a.zero(RCX), "48 31 c9");
    // and rsp, -64
    check(&|a| a.align_stack(), "48 83 e4 c0");
    // push r12
    check(&|a| a.push(Gpr(12)), "41 54");
    // pop rbx
    check(&|a| a.pop(Gpr(3)), "5b");
    // vzeroupper; ret
    check(&|a| a.leave(), "c5 f8 77 c3");
}

#[test]
fn jumps_land() {
    let mut a = Assembler::default();
    let start = a.label();
    a.leave();
    a.jump_back(Condition::NotEqual, start);
    assert_eq!(a.code[4..], [0x0F, 0x85, 0xF6, 0xFF, 0xFF, 0xFF]);
}
