#pragma once

#include "harness/base/units.hpp"

namespace inferbench {

// Traffic by its means, all that a closed form needs. The defaults are the footnote of NVIDIA's
// GB200 NVL72 page: 32,768 tokens in, 1,024 out.
struct Traffic {
  Tokens isl{32768};
  Tokens osl{1024};
};

}  // namespace inferbench
