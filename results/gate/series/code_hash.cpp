#include "results/gate/series/code_hash.hpp"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <vector>

#include "results/sha256.hpp"

namespace inferbench {
namespace {

bool read_at(std::ifstream& file, std::uint64_t offset, char* bytes, std::size_t count) {
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(bytes, static_cast<std::streamsize>(count));
  return static_cast<std::size_t>(file.gcount()) == count;
}

template <class Record>
bool read_record(std::ifstream& file, std::uint64_t offset, Record& record) {
  std::vector<char> bytes(sizeof record);
  if (!read_at(file, offset, bytes.data(), bytes.size())) return false;
  std::memcpy(&record, bytes.data(), sizeof record);
  return true;
}

// The name of a section, from the section of names.
std::string section_name(std::ifstream& file, const Elf64_Shdr& names, const Elf64_Shdr& section) {
  char text[16] = {};
  if (!read_at(file, names.sh_offset + section.sh_name, text, sizeof text - 1)) return "";
  return text;
}

}  // namespace

std::string program_code_hash(const std::string& program) {
  std::ifstream file(program, std::ios::binary);
  Elf64_Ehdr header{};
  if (!file || !read_record(file, 0, header)) return "";
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return "";
  if (header.e_ident[EI_CLASS] != ELFCLASS64) return "";
  const auto section_at = [&](std::uint64_t index, Elf64_Shdr& section) {
    return read_record(file, header.e_shoff + index * sizeof section, section);
  };
  Elf64_Shdr names{};
  if (!section_at(header.e_shstrndx, names)) return "";
  for (std::uint64_t index = 0; index < header.e_shnum; ++index) {
    Elf64_Shdr section{};
    if (!section_at(index, section)) return "";
    if (section.sh_type != SHT_PROGBITS || section_name(file, names, section) != ".text") continue;
    std::string code(section.sh_size, '\0');
    return read_at(file, section.sh_offset, code.data(), code.size()) ? sha256_hex(code) : "";
  }
  return "";
}

}  // namespace inferbench
