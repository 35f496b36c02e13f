#pragma once

#include <string>
#include <string_view>

namespace inferbench {

// Instruction sets that CPU kernels are written for, each one including those above it.
enum class Isa {
  portable,
  avx2,         // AVX2, FMA and F16C
  avx512,       // AVX-512 F, BW, DQ and VL
  avx512_vnni,  // and VNNI: 8 bit dot products into 32 bit
  avx512_bf16,  // and BF16: bf16 dot products into fp32
};

std::string_view name(Isa isa);

// Yes, or no with the reason.
struct Support {
  bool ok = true;
  std::string reason;

  static Support yes() { return {}; }
  static Support no(std::string why) { return {false, std::move(why)}; }
};

// The best Isa of this CPU whose registers the operating system saves. Asked of cpuid once.
Isa best_isa();

// "needs avx512_vnni, this CPU has avx2"
Support supports(Isa needed, Isa present = best_isa());

}  // namespace inferbench
