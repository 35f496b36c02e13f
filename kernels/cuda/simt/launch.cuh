#pragma once

// How a module's entries launch bodies: on a GPU, or emulated, where the same entries make a module
// that needs no GPU (kernels/cuda/emulated).

#include <cstddef>
#include <string>

#ifdef __CUDACC__
#include "kernels/cuda/simt/launch_device.cuh"
#else
#include "kernels/cuda/simt/launch_host.hpp"
#endif
