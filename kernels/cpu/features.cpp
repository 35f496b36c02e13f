#include "kernels/cpu/features.hpp"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace inferbench {
namespace {

#if defined(__x86_64__)

struct Leaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

Leaf cpuid(unsigned leaf, unsigned subleaf) {
  Leaf l;
  if (__get_cpuid_count(leaf, subleaf, &l.eax, &l.ebx, &l.ecx, &l.edx) == 0) return {};
  return l;
}

bool bit(unsigned word, int at) {
  return ((word >> at) & 1U) != 0;
}

// Register state that the operating system saves: XCR0.
std::uint64_t saved_state() {
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32U) | low;
}

// Bits from the Intel SDM, volume 2A, CPUID; XCR0 from volume 1, section 13.3.
Isa detect() {
  const Leaf one = cpuid(1, 0), seven = cpuid(7, 0), seven_one = cpuid(7, 1);
  const bool saves = bit(one.ecx, 27);  // OSXSAVE: xgetbv may be asked
  if (!saves) return Isa::portable;
  const std::uint64_t state = saved_state();
  constexpr std::uint64_t kYmm = 0x6, kZmm = 0xE6;

  const bool avx2 = bit(one.ecx, 12) && bit(one.ecx, 29) && bit(seven.ebx, 5);
  if (!avx2 || (state & kYmm) != kYmm) return Isa::portable;
  const bool avx512 =
      bit(seven.ebx, 16) && bit(seven.ebx, 17) && bit(seven.ebx, 30) && bit(seven.ebx, 31);
  if (!avx512 || (state & kZmm) != kZmm) return Isa::avx2;
  if (!bit(seven.ecx, 11)) return Isa::avx512;
  return bit(seven_one.eax, 5) ? Isa::avx512_bf16 : Isa::avx512_vnni;
}

#else

Isa detect() {
  return Isa::portable;
}

#endif

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512_vnni:
      return "avx512_vnni";
    case Isa::avx512_bf16:
      return "avx512_bf16";
  }
  return "?";
}

Isa best_isa() {
  static const Isa isa = detect();
  return isa;
}

Support supports(Isa needed, Isa present) {
  if (needed <= present) return Support::yes();
  return Support::no("needs " + std::string(name(needed)) + ", this CPU has " +
                     std::string(name(present)));
}

}  // namespace inferbench
