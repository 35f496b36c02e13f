#include "kernels/gemm/tiles.hpp"

namespace inferbench {
namespace {

using Weights = GemmFormat::Weights;

const TileSet* avx512_tiles(const GemmFormat& f) {
  if (f.weights == Weights::coded) return &tiles_coded_avx512(*f.code);
  if (f.sparse()) return &tiles_sparse24_avx512(f.weights == Weights::sparse24_bf16);
  if (f.integer) return nullptr;
  if (f.weights == Weights::int4) return &tiles_int4_avx512(f.zero_points);
  return &tiles_float_avx512(f.weights);
}

const TileSet* avx2_tiles(const GemmFormat& f) {
  if (f.weights == Weights::coded) return &tiles_coded_avx2(*f.code);
  if (f.sparse()) return &tiles_sparse24_avx2(f.weights == Weights::sparse24_bf16);
  if (f.weights == Weights::int4) return f.integer ? &tiles_int4_int8_avx2() : &tiles_int4_avx2();
  if (!f.integer) return &tiles_float_avx2(f.weights);
  return f.largest < 64 ? &tiles_int7_avx2() : &tiles_int8_avx2();
}

const TileSet* bf16_tiles(const GemmFormat& f) {
  if (f.weights == Weights::bf16) return &tiles_bf16_avx512();
  return f.multiplies_nibbles_as_bf16() ? &tiles_int4_bf16() : nullptr;
}

const TileSet* vnni_tiles(const GemmFormat& f) {
  if (!f.integer) return nullptr;
  return f.weights == Weights::int4 ? &tiles_int4_int8_vnni() : &tiles_int8_vnni();
}

const TileSet* portable_tiles(const GemmFormat& f) {
  if (f.weights == Weights::coded) return &tiles_coded_portable(*f.code);
  if (f.sparse()) return &tiles_sparse24_portable(f.weights == Weights::sparse24_bf16);
  if (f.weights == Weights::int4) {
    return f.integer ? &tiles_int4_int8_portable() : &tiles_int4_portable();
  }
  return f.integer ? &tiles_int8_portable() : &tiles_float_portable(f.weights);
}

}  // namespace

const TileSet* tiles_for(const GemmFormat& f, Isa level) {
  switch (level) {
    case Isa::avx512_bf16:
      return bf16_tiles(f);
    case Isa::avx512_vnni:
      return vnni_tiles(f);
    case Isa::avx512:
      return avx512_tiles(f);
    case Isa::avx2:
      return avx2_tiles(f);
    case Isa::portable:
      return portable_tiles(f);
  }
  return nullptr;
}

const TileSet& no_tiles() {
  static const TileSet none;
  return none;
}

}  // namespace inferbench
