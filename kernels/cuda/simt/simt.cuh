#pragma once

// The language that kernel bodies are written in: the same text is compiled for GPUs by nvcc, where
// every primitive is an instruction or two, and for this host by any compiler, where an emulator
// runs the threads of a block in turns (emulator.hpp). So kernels are tested without a GPU: their
// indices, barriers, fragments and bounds, not their speed.
//
// All warp primitives are called by all 32 lanes. Sizes of blocks are multiples of 32.

#include <cstdint>

#ifdef __CUDACC__
#include "kernels/cuda/simt/device.cuh"
#else
#include "kernels/cuda/simt/host.hpp"
#endif

#include "kernels/cuda/simt/numbers.cuh"
