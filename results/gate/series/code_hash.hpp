#pragma once

#include <string>

namespace inferbench {

// SHA-256 of the machine code of the program that runs: its section .text. Equal for two builds of
// the same sources that differ in their dates, folders or git state only; empty where the program
// is no ELF file of this machine.
std::string program_code_hash(const std::string& program = "/proc/self/exe");

}  // namespace inferbench
