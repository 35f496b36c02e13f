#include "results/request_records.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

void expect_equal(const RequestRecord& a, const RequestRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.session, b.session);
  EXPECT_EQ(a.outcome, b.outcome);
  EXPECT_EQ(a.input, b.input);
  EXPECT_EQ(a.output, b.output);
  EXPECT_EQ(a.scheduled, b.scheduled);
  EXPECT_EQ(a.issued, b.issued);
  EXPECT_EQ(a.admitted, b.admitted);
  EXPECT_EQ(a.token_times, b.token_times);
  EXPECT_EQ(a.ended, b.ended);
  EXPECT_EQ(a.preemptions, b.preemptions);
  EXPECT_EQ(a.replica, b.replica);
}

RecordsReference write(const std::string& path, const std::vector<RequestRecord>& records) {
  RecordWriter writer(path);
  for (const RequestRecord& record : records) writer.accept(record);
  return writer.commit();
}

void put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

TEST(RequestRecords, ReadAsTheDocumentationSays) {
  const std::string path = scratch("records.jsonl");
  write(path, {sample_records()[1]});
  const std::string text = read_file(path);
  EXPECT_EQ(text.substr(text.find('\n') + 1),
            R"({"id":1,"session":1,"outcome":"completed","input_tokens":200,"output_tokens":2,)"
            R"("scheduled_ns":50000000,"issued_ns":100000000,"admitted_ns":100000000,)"
            R"("ended_ns":340000000,"preemptions":0,"replica":0,)"
            R"("token_deltas_ns":[250000000,40000000]})"
            "\n");
}

// 250 ms to the first token: 50 late, 120 queued, 80 in one step. 40 ms from there to the second.
RequestRecord taken_apart() {
  RequestRecord record = sample_records()[1];
  record.parts = std::make_shared<RequestParts>();
  TimeParts& first = record.parts->first_token;
  first[TimePart::queue] = Duration(170'000'000);
  first[TimePart::gemm] = first.prefill = Duration(80'000'000);
  record.parts->answer[TimePart::attention] = Duration(39'999'999);
  record.parts->answer[TimePart::host] = Duration(1);
  record.parts->answer.hidden_collectives = Duration(5);
  return record;
}

TEST(RequestRecords, CarryWhatTheirTimeWentTo) {
  const std::string path = scratch("records.jsonl");
  write(path, {taken_apart()});
  const std::string text = read_file(path);
  EXPECT_NE(
      text.find(R"(],"first_token_parts_ns":{"queue":170000000,"gemm":80000000,)"
                R"("of_it_prefill":80000000},"answer_parts_ns":{"attention":39999999,"host":1,)"
                R"("beside_it_hidden_collectives":5}})"),
      std::string::npos);
  EXPECT_EQ(*read_records(path)[0].parts, *taken_apart().parts);
}

TEST(RequestRecords, PartsThatDoNotAddUpAreRefused) {
  const std::string path = scratch("records.jsonl");
  const std::pair<std::string, std::string> damages[] = {
      {R"("queue":170000000)", R"("queue":170000001)"},
      {R"("host":1)", R"("host":2)"},
      {R"("host":1)", R"("ghost":1)"},
      {R"("host":1)", R"("host":-1)"},
      {R"("host":1)", R"("host":9000000000000000000)"},
      {R"(,"answer_parts_ns":{"attention":39999999)", R"(,"answer_parts":{"attention":39999999)"}};
  for (const auto& [good, bad] : damages) {
    write(path, {taken_apart()});
    std::string text = read_file(path);
    text.replace(text.find(good), good.size(), bad);
    put(path, text);
    EXPECT_THROW(read_records(path), Error) << bad;
  }
}

TEST(RequestRecords, ComeBackSortedByIdWhateverTheOrderOfEnding) {
  const std::string path = scratch("records.jsonl");
  std::vector<RequestRecord> ended = sample_records();
  std::reverse(ended.begin(), ended.end());
  const RecordsReference reference = write(path, ended);
  EXPECT_EQ(reference.requests, 5U);
  EXPECT_EQ(reference.sha256, sha256_of_file(path));
  const std::vector<RequestRecord> back = read_records(path);
  const std::vector<RequestRecord> expected = sample_records();
  ASSERT_EQ(back.size(), expected.size());
  for (std::size_t i = 0; i < back.size(); ++i) expect_equal(back[i], expected[i]);
}

// 2,000 records of random shape, over many flushes of the buffer.
TEST(RequestRecords, RoundTripAnyRecord) {
  const std::string path = scratch("records.jsonl");
  RandomStream random = Random(11).stream("records");
  std::vector<RequestRecord> records;
  for (std::uint64_t id = 0; id < 2000; ++id) {
    RequestRecord record;
    record.id = RequestId(id);
    record.session = SessionId(random.below(id + 1));
    record.input = Tokens(random.between(1, 1'000'000));
    record.scheduled = Time(Duration(random.between(0, std::int64_t{1} << 60)));
    record.issued = record.scheduled + Duration(random.between(0, 1'000'000'000));
    record.outcome = random.below(2) == 0 ? Outcome::completed : Outcome::cancelled;
    record.ended = record.issued;
    const std::int64_t tokens = random.between(record.outcome == Outcome::completed ? 1 : 0, 200);
    record.output = Tokens(std::max<std::int64_t>(tokens, 1));
    if (tokens > 0) record.admitted = record.issued;
    for (std::int64_t i = 0; i < tokens; ++i) {
      record.ended += Duration(random.between(0, 50'000'000));
      record.token_times.push_back(record.ended);
    }
    record.preemptions = static_cast<std::int32_t>(random.below(3));
    record.replica = static_cast<std::int32_t>(random.below(8));
    records.push_back(record);
  }
  write(path, records);
  const std::vector<RequestRecord> back = read_records(path);
  ASSERT_EQ(back.size(), records.size());
  for (std::size_t i = 0; i < back.size(); ++i) expect_equal(back[i], records[i]);
}

// A run that is cut leaves requests without an end; one of them was not even sent.
TEST(RequestRecords, KeepUnfinishedRequests) {
  const std::string path = scratch("records.jsonl");
  RequestRecord open;
  open.input = Tokens(5);
  open.output = Tokens(9);
  open.scheduled = Time(std::chrono::seconds(3));
  write(path, {open});
  expect_equal(read_records(path).at(0), open);
}

TEST(RequestRecords, AppearOnlyWhole) {
  const std::string path = scratch("records.jsonl");
  std::filesystem::remove(path);
  {
    RecordWriter writer(path);
    writer.write(sample_records()[0]);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_THROW(RecordWriter("/no/such/folder/records.jsonl"), Error);
}

TEST(RequestRecords, RefuseDamageWithFileAndLine) {
  const std::string path = scratch("records.jsonl");
  write(path, {sample_records()[0]});
  const std::string good = read_file(path);
  struct Case {
    std::string from, to, expected;
  };
  const std::vector<Case> cases = {
      {R"("id":0)", R"("id":-1)", ":2: \"id\" = -1; expected 0 to 4294967295"},
      {R"("id":0)", R"("number":0)", ":2: \"id\" is missing or no integer"},
      {R"("outcome":"completed")", R"("outcome":"fine")", ":2: unknown outcome \"fine\""},
      {R"("outcome":"completed")", R"("outcome":1)", ":2: \"outcome\" is missing or no string"},
      {R"("input_tokens":100)", R"("input_tokens":0)", ":2: \"input_tokens\" = 0"},
      {R"([100000000,)", R"([-1,)", ":2: \"token_deltas_ns\" holds something else"},
      {R"([100000000,)", R"([1.5,)", ":2: \"token_deltas_ns\" holds something else"},
      {R"([100000000,)", R"([)", ":2: a completed request has 3 output tokens but 2 token times"},
      {R"("ended_ns":150000000)", R"("ended_ns":140000000)", ":2: a token follows the end"},
      {R"("scheduled_ns":0)", R"("scheduled_ns":5)", ":2: \"issued_ns\" is before"},
      {R"("scheduled_ns":0)", R"("scheduled_ns":9223372036854775807)", ":2: \"scheduled_ns\" ="},
      {"inferbench.request-records", "something.else", ":1: is not a records file"},
      {R"("version":"1.2.0")", R"("version":"2.0.0")", ":1: records version 2.0.0 is not known"},
      {"30000000]}\n", "30000000", ":2: the last line is cut off"},
  };
  for (const Case& damage : cases) {
    std::string text = good;
    const std::size_t at = text.find(damage.from);
    ASSERT_NE(at, std::string::npos) << damage.from;
    put(path, text.replace(at, damage.from.size(), damage.to));
    try {
      read_records(path);
      ADD_FAILURE() << "accepted " << damage.to;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(path + damage.expected), std::string::npos)
          << error.what();
    }
  }
}

TEST(RequestRecords, RefuseEmptyFilesFoldersAndRepeatedIds) {
  const std::string path = scratch("records.jsonl");
  put(path, "");
  EXPECT_THROW(read_records(path), Error);
  EXPECT_THROW(read_records(::testing::TempDir()), Error);
  EXPECT_THROW(read_records(path + ".missing"), Error);
  write(path, {sample_records()[0], sample_records()[0]});
  EXPECT_THROW(read_records(path), Error);
}

TEST(AttachRecords, NamesTheFileInProvenanceOnly) {
  RunResult result = sample_result();
  attach_records(result, {.requests = 5, .sha256 = std::string(64, 'c')}, "/home/ann/run.jsonl");
  EXPECT_EQ(result.provenance.records_file, "run.jsonl");
  EXPECT_EQ(result.records->requests, 5U);
  attach_records(result, *result.records, "-");
  EXPECT_EQ(result.provenance.records_file, "");
}

TEST(RequestRecords, AcceptWindowsLineEnds) {
  const std::string path = scratch("records.jsonl");
  write(path, {sample_records()[0]});
  std::string text = read_file(path);
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\r');
  }
  put(path, text);
  expect_equal(read_records(path).at(0), sample_records()[0]);
}

}  // namespace
}  // namespace inferbench
