#pragma once

#include <string>
#include <vector>

#include "harness/base/dtype.hpp"

namespace inferbench {

class JsonObject;

// What the checkpoint's weights are stored in: "quantization_config" of the file or its text model,
// else "torch_dtype" (newer files: "dtype"). Assumptions are appended to `notes`. Throws Error for
// a quantization method that is not known.
DType hf_native_dtype(const JsonObject& file, const JsonObject& text_model,
                      std::vector<std::string>& notes);

}  // namespace inferbench
