#include "harness/execute/checkpoint/safetensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/catalog/json_object.hpp"

namespace inferbench {
namespace {

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // as the reference implementation has it
constexpr const char* kFetchAgain = "fetch the file again, and compare its size with the source's";

const std::map<std::string, std::int64_t>& dtype_bytes() {
  static const std::map<std::string, std::int64_t> bytes = {
      {"F64", 8},     {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"F8_E4M3", 1},
      {"F8_E5M2", 1}, {"I64", 8}, {"I32", 4}, {"I16", 2},  {"I8", 1},
      {"U64", 8},     {"U32", 4}, {"U16", 2}, {"U8", 1},   {"BOOL", 1}};
  return bytes;
}

std::string count_of(std::uint64_t bytes) {
  return std::to_string(bytes) + " bytes";
}

[[noreturn]] void refuse_system(const std::string& path, const std::string& what) {
  throw Error(path, what + ": " + std::strerror(errno), "expected a readable safetensors file");
}

// Where a tensor lies behind the header.
struct Located {
  StoredTensor tensor;
  std::uint64_t begin = 0, end = 0;
};

std::uint64_t offset(const JsonObject& entry, const nlohmann::json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  entry.refuse("data_offsets", "holds " + value.dump(), "two integers >= 0: begin and end");
}

// Elements of the shape; throws where they do not fit 62 bits.
std::int64_t checked_elements(const JsonObject& entry, const std::vector<std::int64_t>& shape) {
  std::int64_t elements = 1;
  for (const std::int64_t n : shape) {
    if (n != 0 && elements > (std::int64_t{1} << 62U) / n) {
      entry.refuse("shape", "is beyond what a file can hold", "fewer than 2^62 elements");
    }
    elements *= n;
  }
  return elements;
}

Located read_entry(const JsonObject& entry, const std::string& name) {
  Located located;
  located.tensor.name = name;
  located.tensor.dtype = entry.text("dtype");
  const auto bytes = dtype_bytes().find(located.tensor.dtype);
  if (bytes == dtype_bytes().end()) {
    std::vector<std::string> known;
    for (const auto& [type, size] : dtype_bytes()) known.push_back(type);
    throw unknown_name(entry.place() + ": \"dtype\"", "type", located.tensor.dtype, known);
  }
  for (const nlohmann::json& n : entry.array("shape")) {
    if (!n.is_number_unsigned() || n.get<std::uint64_t>() > (std::uint64_t{1} << 62U)) {
      entry.refuse("shape", "holds " + n.dump(), "integers >= 0");
    }
    located.tensor.shape.push_back(n.get<std::int64_t>());
  }
  const nlohmann::json& offsets = entry.array("data_offsets");
  if (offsets.size() != 2) {
    entry.refuse("data_offsets", "has " + std::to_string(offsets.size()) + " entries",
                 "two integers >= 0: begin and end");
  }
  located.begin = offset(entry, offsets[0]);
  located.end = offset(entry, offsets[1]);
  const std::int64_t elements = checked_elements(entry, located.tensor.shape);
  const auto needed =
      static_cast<std::uint64_t>(elements) * static_cast<std::uint64_t>(bytes->second);
  if (located.end < located.begin || located.end - located.begin != needed) {
    entry.refuse(
        "data_offsets",
        "is [" + std::to_string(located.begin) + ", " + std::to_string(located.end) + "]",
        located.tensor.dtype + " " + located.tensor.shape_text() + " takes " + count_of(needed));
  }
  return located;
}

}  // namespace

std::int64_t StoredTensor::elements() const {
  std::int64_t elements = 1;
  for (const std::int64_t n : shape) elements *= n;
  return elements;
}

std::string StoredTensor::shape_text() const {
  std::string text = "[";
  for (const std::int64_t n : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(n);
  return text + "]";
}

SafetensorsFile::SafetensorsFile(const std::string& path) : path_(path) {
  map();
  try {
    read_header();
  } catch (...) {
    munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    throw;
  }
}

SafetensorsFile::~SafetensorsFile() {
  munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void SafetensorsFile::map() {
  const int file = open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) refuse_system(path_, "cannot be opened");
  struct stat status {};
  const bool regular = fstat(file, &status) == 0 && S_ISREG(status.st_mode);
  const auto size = regular ? static_cast<std::size_t>(status.st_size) : 0;
  void* mapped =
      size < kLengthBytes ? MAP_FAILED : mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const int failure = errno;
  close(file);
  if (!regular) throw Error(path_, "is no regular file", "expected a safetensors file");
  if (size < kLengthBytes) {
    throw Error(path_, "has " + count_of(size),
                "a safetensors file begins with 8 bytes of its header's length", kFetchAgain);
  }
  errno = failure;
  if (mapped == MAP_FAILED) refuse_system(path_, "cannot be mapped");
  bytes_ = {static_cast<const std::byte*>(mapped), size};
}

void SafetensorsFile::read_header() {
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= std::to_integer<std::uint64_t>(bytes_[i]) << (8 * i);
  }
  if (length > kLongestHeader || length > bytes_.size() - kLengthBytes) {
    throw Error(path_, "says that its header has " + count_of(length),
                "at most 100,000,000, in a file of " + count_of(bytes_.size()),
                "is it a safetensors file (not .bin, .gguf or a Git LFS pointer), and whole?");
  }
  const std::string text(reinterpret_cast<const char*>(bytes_.data()) + kLengthBytes, length);
  const nlohmann::json json = parse_json(text, path_ + ": header");
  const JsonObject header(json, path_ + ": header");
  std::vector<Located> all;
  for (const std::string& name : header.keys()) {
    if (name == "__metadata__") continue;
    const nlohmann::json& entry = json.at(name);
    all.push_back(read_entry(JsonObject(entry, path_ + ": \"" + name + "\""), name));
  }
  std::stable_sort(all.begin(), all.end(), [](const Located& a, const Located& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t end = 0;
  for (const Located& located : all) {
    if (located.begin != end) {
      throw Error(path_ + ": \"" + located.tensor.name + "\"",
                  "begins at byte " + std::to_string(located.begin) + " of the data",
                  (located.begin < end ? "the tensor before it ends at "
                                       : "no bytes may lie unused from ") +
                      std::to_string(end),
                  "write the file again with a safetensors library");
    }
    end = located.end;
  }
  const std::uint64_t data = bytes_.size() - kLengthBytes - length;
  if (end != data) {
    throw Error(path_, "has " + count_of(data) + " of data",
                "its header describes " + count_of(end), kFetchAgain);
  }
  const std::byte* first = bytes_.data() + kLengthBytes + length;
  for (Located& located : all) {
    located.tensor.data = first + located.begin;
    tensors_.push_back(std::move(located.tensor));
  }
}

}  // namespace inferbench
