//! AMX: whether its tiles may be used, and how a thread sets them up.

use std::arch::asm;
use std::arch::x86_64::{__cpuid_count, _xgetbv};
use std::sync::OnceLock;

/// Whether this machine has tiles of bf16 and the system lets this process use them.
pub fn available() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| has_instructions() && system_saves_tiles() && permitted())
}

/// CPUID leaf 7: AMX-BF16 and AMX-TILE.
fn has_instructions() -> bool {
    if __cpuid_count(0, 0).eax < 7 {
        return false;
    }
    let edx = __cpuid_count(7, 0).edx;
    edx >> 22 & 1 == 1 && edx >> 24 & 1 == 1
}

/// XCR0 bits 17 and 18: the system saves tile registers.
fn system_saves_tiles() -> bool {
    const OSXSAVE: u32 = 1 << 27;
    #[target_feature(enable = "xsave")]
    fn saved() -> u64 {
        // SAFETY: register 0 exists wherever XGETBV does.
        unsafe { _xgetbv(0) }
    }
    let has_xgetbv = __cpuid_count(1, 0).ecx & OSXSAVE != 0;
    // SAFETY: the system has enabled XSAVE, so the instruction exists.
    has_xgetbv && unsafe { saved() } >> 17 & 3 == 3
}

/// Asks the kernel for the tile registers, which it keeps from programs that do not ask.
fn permitted() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const TILE_DATA: libc::c_long = 18;
    // SAFETY: the call reads no memory; a kernel that does not know it answers with an error.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, TILE_DATA) == 0 }
}

/// Palette 1: eight tiles of sixteen rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration([u8; 64]);

/// Gives all eight tiles of this thread their full size. Call once a thread, where
/// `available`.
pub fn configure() {
    let mut configuration = Configuration([0; 64]);
    configuration.0[0] = 1;
    for tile in 0..8 {
        configuration.0[16 + 2 * tile] = 64;
        configuration.0[48 + tile] = 16;
    }
    if available() {
        // SAFETY: the machine has tiles, the system permits them, and the palette is valid.
        unsafe { asm!("ldtilecfg [{}]", in(reg) &configuration, options(nostack, readonly)) };
    }
}
