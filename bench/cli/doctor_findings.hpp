#pragma once

#include <string>
#include <vector>

namespace inferbench {

// One thing that runs can use, and whether this machine has it.
struct Finding {
  std::string group;    // "machine", "instruction sets", "libraries", "cuda", "tools"
  std::string name;     // "avx512_vnni", "OpenBLAS"
  bool present = true;  // false: what is said in `detail` is missing, or stands in the way
  std::string detail;   // version, path or value; for what is missing, what cannot be done
  std::string way_out;  // the command that adds it; empty when there is none
};

// Looks at this machine. Loads vendor libraries to see whether they load, and needs about half a
// second where CUDA's are present. Equal machines give equal findings, load and clocks aside.
std::vector<Finding> doctor_findings();

}  // namespace inferbench
