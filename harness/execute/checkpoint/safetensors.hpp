#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace inferbench {

// A tensor of a checkpoint, where it lies in memory.
struct StoredTensor {
  std::string name;
  std::string dtype;                // as the file says: "BF16"
  std::vector<std::int64_t> shape;  // outermost first, row-major
  const std::byte* data = nullptr;  // of any alignment

  std::int64_t elements() const;
  std::string shape_text() const;  // "[2048, 256]"
};

// A file of tensors, mapped and not read: pages come in as rows are asked for and may go again.
//
//   8 bytes       length of the header, little endian
//   the header    JSON: {"NAME": {"dtype": "BF16", "shape": [..], "data_offsets": [begin, end]},
//   ..} the tensors   from offset 0 to the end of the file without gap or overlap
//
// Throws Error for a file that is cut short or too long, a header that is none, an unknown dtype, a
// tensor whose bytes are not what its shape takes, gaps and overlaps.
//
// Source: github.com/huggingface/safetensors, README.md, "Format".
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::string& path);
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile&) = delete;
  SafetensorsFile& operator=(const SafetensorsFile&) = delete;

  const std::string& path() const { return path_; }
  const std::vector<StoredTensor>& tensors() const { return tensors_; }  // in the order of offsets

 private:
  void map();
  void read_header();

  std::string path_;
  std::span<const std::byte> bytes_;
  std::vector<StoredTensor> tensors_;
};

}  // namespace inferbench
