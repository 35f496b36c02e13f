#pragma once

#include <string>
#include <vector>

namespace inferbench {

// What a run of the program left behind.
struct Ran {
  int exit_code = -1;  // 128 + signal when it was killed
  std::string out, err;
};

// Runs the built program with these arguments and an empty standard input.
Ran run_program(const std::vector<std::string>& arguments);

// The verbs that --help lists.
std::vector<std::string> verbs();
bool has_verb(const std::string& verb);

// Fails the test unless the program refused its input as promised: exit code 2, nothing on standard
// output, and an "error:" on standard error that mentions each of `mentions`.
void expect_refused(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& mentions);

}  // namespace inferbench
