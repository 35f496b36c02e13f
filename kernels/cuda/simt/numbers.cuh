#pragma once

// Conversions that are the same arithmetic on GPU and host.

namespace inferbench::simt {

SIMT_DEVICE float bf16_low(uint32_t pair) {
  return as_float(pair << 16);
}
SIMT_DEVICE float bf16_high(uint32_t pair) {
  return as_float(pair & 0xffff0000U);
}

// fp16 of either half. Exact; infinities and NaN become large numbers, which scales are not.
SIMT_DEVICE float fp16_value(uint32_t half) {
  return as_float(as_bits(as_float((half & 0x7fffU) << 13) * 0x1p112F) | (half & 0x8000U) << 16);
}

// e4m3 of the low byte. Exact; its NaN becomes 480.
SIMT_DEVICE float e4m3_value(uint32_t byte) {
  return as_float(as_bits(as_float((byte & 0x7fU) << 20) * 0x1p120F) | (byte & 0x80U) << 24);
}

}  // namespace inferbench::simt
