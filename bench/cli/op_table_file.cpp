#include "bench/cli/op_table_file.hpp"

#include "harness/base/output_file.hpp"
#include "kernels/cpu/features.hpp"
#include "results/provenance.hpp"

namespace inferbench {

TableOrigin origin_here(unsigned threads, unsigned ranks) {
  const Provenance now = start_provenance(0);
  TableOrigin origin;
  origin.cpu = now.host && !now.host->cpu.empty() ? now.host->cpu : "unknown";
  origin.isa = name(best_isa());
  origin.threads = threads;
  origin.ranks = ranks;
  origin.compiler = now.build.compiler;
  origin.commit = now.build.git_commit;
  origin.measured_utc = now.started_utc;
  return origin;
}

void write_op_table(const OpTable& table, const std::string& path) {
  OutputFile file(path);
  file.write(to_json_text(table));
  file.commit();
}

}  // namespace inferbench
