#include "harness/timing/stopwatch.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>

namespace inferbench {

namespace {

Duration thread_cpu() {
  timespec cpu{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &cpu);
  return std::chrono::seconds(cpu.tv_sec) + Duration(cpu.tv_nsec);
}

Duration process_cpu() {
  timespec cpu{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  return std::chrono::seconds(cpu.tv_sec) + Duration(cpu.tv_nsec);
}

std::int64_t preemptions(decltype(RUSAGE_SELF) whose) {
  rusage usage{};
  getrusage(whose, &usage);
  return usage.ru_nivcsw;
}

Duration steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

}  // namespace

void Stopwatch::wait(Duration time) {
  if (time > Duration(0)) std::this_thread::sleep_for(time);
}

Reading ThreadStopwatch::begin() {
  Reading reading;
  reading.preemptions = preemptions(RUSAGE_THREAD);
  reading.cpu = thread_cpu();
  reading.wall = steady_now();
  return reading;
}

Reading ThreadStopwatch::end() {
  Reading reading;
  reading.wall = steady_now();
  reading.cpu = thread_cpu();
  reading.preemptions = preemptions(RUSAGE_THREAD);
  return reading;
}

Reading TeamStopwatch::begin() {
  Reading reading;
  reading.preemptions = preemptions(RUSAGE_SELF);
  reading.cpu = process_cpu() / threads_;
  reading.wall = steady_now();
  return reading;
}

Reading TeamStopwatch::end() {
  Reading reading;
  reading.wall = steady_now();
  reading.cpu = process_cpu() / threads_;
  reading.preemptions = preemptions(RUSAGE_SELF);
  return reading;
}

Duration stolen_time() {
  std::ifstream stat("/proc/stat");
  std::string cpu;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0,
               steal = 0;
  stat >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  const std::int64_t ticks = sysconf(_SC_CLK_TCK);
  if (!stat || ticks <= 0) return Duration(0);
  return Duration(std::chrono::nanoseconds(1'000'000'000 / ticks)) * steal;
}

}  // namespace inferbench
