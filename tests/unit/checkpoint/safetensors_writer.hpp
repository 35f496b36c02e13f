#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "kernels/cpu/convert.hpp"

namespace inferbench::testing_support {

struct WrittenTensor {
  std::string name, dtype;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

inline WrittenTensor written(const std::string& name, const std::string& dtype,
                             const std::vector<std::int64_t>& shape,
                             const std::vector<float>& values) {
  WrittenTensor tensor{name, dtype, shape, ""};
  for (const float value : values) {
    char raw[4];
    std::memcpy(raw, &value, 4);
    const std::uint16_t narrow = dtype == "BF16" ? float_to_bf16(value) : float_to_fp16(value);
    if (dtype != "F32") std::memcpy(raw, &narrow, 2);
    tensor.bytes.append(raw, dtype == "F32" ? 4 : 2);
  }
  return tensor;
}

inline std::string file_text(const std::string& header, const std::string& data) {
  std::string text;
  for (int i = 0; i < 8; ++i) text += static_cast<char>((header.size() >> (8 * i)) & 0xFFU);
  return text + header + data;
}

inline std::string safetensors_text(const std::vector<WrittenTensor>& tensors) {
  nlohmann::json header = {{"__metadata__", {{"format", "pt"}}}};
  std::string data;
  for (const WrittenTensor& t : tensors) {
    header[t.name] = {{"dtype", t.dtype},
                      {"shape", t.shape},
                      {"data_offsets", {data.size(), data.size() + t.bytes.size()}}};
    data += t.bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // as the reference implementation aligns data
  return file_text(text, data);
}

// A folder of its own for a test.
inline std::filesystem::path fresh_folder(const std::string& name) {
  const auto folder = std::filesystem::temp_directory_path() / "inferbench-checkpoint" / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

inline std::string write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
  return path.string();
}

}  // namespace inferbench::testing_support
