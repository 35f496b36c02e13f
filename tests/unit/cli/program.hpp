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

// The same with another program in front, such as {"mpirun", "-np", "2"}, looked for in PATH.
Ran run_program_under(const std::vector<std::string>& launcher,
                      const std::vector<std::string>& arguments);

// Runs it until `file`, one of its outputs, is open under its temporary name, and sends `signal` to
// the process that opened it.
Ran run_interrupted(const std::vector<std::string>& arguments, const std::string& file, int signal,
                    const std::vector<std::string>& launcher = {});

// Files beside `file` whose names begin with its own: what was left behind, `file` included.
std::vector<std::string> files_like(const std::string& file);

// The verbs that --help lists.
std::vector<std::string> verbs();
bool has_verb(const std::string& verb);

// Fails the test unless the program refused its input as promised: exit code 2, nothing on standard
// output, and an "error:" on standard error that mentions each of `mentions`.
void expect_refused(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& mentions);

}  // namespace inferbench
