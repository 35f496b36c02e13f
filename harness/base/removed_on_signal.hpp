#pragma once

#include <string>

namespace inferbench {

// From now on a SIGINT or SIGTERM that nobody answers otherwise removes the file before it ends the
// process. Of more than 32 files at once, and of names longer than 4,095 bytes, it leaves the rest.
void remove_on_signal(const std::string& file);

// The file is gone, or has its own name now.
void keep_on_signal(const std::string& file);

// What such a signal does, for handlers that let only the next one end the process.
void end_by_signal(int signal);

}  // namespace inferbench
