#include <gtest/gtest.h>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>

#include "claims_system.hpp"
#include "harness/base/random.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  std::array<char, 4096> buffer{};
  while (pipe && std::fgets(buffer.data(), buffer.size(), pipe.get()) != nullptr) {
    text += buffer.data();
  }
  return text;
}

struct Case {
  ParallelConfig parallel;
  std::int64_t chunk, isl, osl, domain, kv_heads;
  bool p2, h100, in_network;
};

std::vector<Case> random_cases(std::size_t n) {
  RandomStream random(11, "reference cases");
  const auto power = [&](std::int64_t most) { return std::int64_t{1} << random.between(0, most); };
  std::vector<Case> cases;
  for (std::size_t i = 0; i < n; ++i) {
    Case c{};
    c.parallel = {.tp = power(6), .cp = 1, .ep = power(4), .pp = power(6), .dp = power(2)};
    c.chunk = random.between(1, 8192);
    c.isl = random.between(1024, 65536), c.osl = random.between(64, 4096);
    c.domain = power(1) == 1 ? 8 : 72;
    c.kv_heads = power(3);
    c.p2 = random.uniform() < 0.5, c.h100 = random.uniform() < 0.3;
    c.in_network = random.uniform() < 0.3;
    cases.push_back(c);
  }
  return cases;
}

std::string python_of(const std::string& folder, const std::vector<Case>& cases) {
  std::ostringstream script;
  script
      << "import sys; sys.path.insert(0, r'" << folder << "'); sys.dont_write_bytecode = True\n"
      << "from claims_model import *\n"
      << "def run(cfg, c, isl, osl, dom, kv, p2, h100, nvls):\n"
      << "  g = replace(H100 if h100 else B200, dom=dom)\n"
      << "  if p2: g = replace(g, eff_fp4=.8, eff_fp8=.8, eff_bf16=.8, eff_attn=.7)\n"
      << "  o = Opt(ISL=isl, OSL=osl, nvls=nvls, ov_nvl=1.0 if p2 else 0.0)\n"
      << "  if h100: o = replace(o, wb_exp=1.0, wb_attn=1.0, prec='fp8')\n"
      << "  n = cfg[0] * cfg[1] * cfg[2] * cfg[3]\n"
      << "  p = point(g, Model(kv=kv), o, cfg, c, ngpu=n)\n"
      << "  print(repr(p['t']), repr(p['ttft']), repr(p['thr']), repr(p['mem']), int(p['fit']))\n";
  for (const Case& c : cases) {
    script << "run((" << c.parallel.tp << "," << c.parallel.ep << "," << c.parallel.pp << ","
           << c.parallel.dp << ")," << c.chunk << "," << c.isl << "," << c.osl << "," << c.domain
           << "," << c.kv_heads << "," << (c.p2 ? "True" : "False") << ","
           << (c.h100 ? "True" : "False") << "," << (c.in_network ? "True" : "False") << ")\n";
  }
  return script.str();
}

TEST(SteadyReference, EqualsTheReferenceProgramOnRandomConfigurations) {
  const std::string folder = INFERBENCH_SOURCE_DIR "/../shared/reference";
  if (!fs::exists(folder + "/claims_model.py")) GTEST_SKIP() << "no " << folder;
  if (output_of("python3 -c 'print(1)' 2>/dev/null").empty()) GTEST_SKIP() << "no python3";

  const std::vector<Case> cases = random_cases(400);
  const fs::path script =
      fs::temp_directory_path() / ("inferbench_reference_" + std::to_string(getpid()) + ".py");
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(script.c_str(), "w"),
                                                       std::fclose);
  std::fputs(python_of(folder, cases).c_str(), file.get());
  file.reset();
  std::istringstream answers(output_of("python3 " + script.string()));
  fs::remove(script);

  for (const Case& c : cases) {
    double stage = 0, ttft = 0, tps_gpu = 0, memory = 0;
    int fits = 0;
    ASSERT_TRUE(answers >> stage >> ttft >> tps_gpu >> memory >> fits);
    SweepSystem system = claims_system(c.p2 ? "p2" : "p1", c.h100 ? "h100" : "gb200-nvl72");
    system.gpu.domain_size = c.domain;
    system.model.kv_heads = c.kv_heads;
    std::get<ClaimsParameters>(system.profile.parameters).in_network_reduction = c.in_network;
    const SteadyMethod method(system, {.isl = Tokens(c.isl), .osl = Tokens(c.osl)});
    const SweepPoint p = method.evaluate({.parallel = c.parallel, .chunk = Tokens(c.chunk)});
    const std::string what = label(c.parallel) + "/" + std::to_string(c.chunk);
    EXPECT_NEAR(p.stage.count() / stage, 1.0, 1e-9) << what;
    EXPECT_NEAR(p.ttft.count() / ttft, 1.0, 1e-9) << what;
    EXPECT_NEAR(p.tps_gpu / tps_gpu, 1.0, 1e-9) << what;
    EXPECT_NEAR(p.memory_needed.count() / memory, 1.0, 1e-9) << what;
    EXPECT_EQ(p.fits, fits == 1) << what;
  }
}

}  // namespace
}  // namespace inferbench
