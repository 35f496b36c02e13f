#include "harness/execute/checkpoint/safetensors.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/execute/checkpoint/checkpoint.hpp"
#include "safetensors_writer.hpp"

namespace inferbench {
namespace {

using namespace inferbench::testing_support;

// What opening the text says: PLACE: PROBLEM; RULE, the folder left out.
std::string refusal(const std::string& text) {
  const auto folder = fresh_folder("refused");
  try {
    const SafetensorsFile file(write_text(folder / "f.safetensors", text));
  } catch (const Error& error) {
    const std::string place = error.place();
    return place.substr(folder.string().size() + 1) + ": " + error.problem() + "; " + error.rule();
  }
  return "";
}

std::string with_header(const std::string& header, std::size_t data) {
  return file_text(header, std::string(data, '\0'));
}

TEST(Safetensors, TensorsLieWhereTheHeaderSays) {
  const auto folder = fresh_folder("read");
  const SafetensorsFile file(write_text(
      folder / "f.safetensors",
      safetensors_text({written("b", "F32", {2, 3}, {1, 2, 3, 4, 5, 6}),
                        written("a", "BF16", {2}, {7, 8}), written("none", "F32", {0, 3}, {})})));
  ASSERT_EQ(file.tensors().size(), 3U);
  const StoredTensor& b = file.tensors()[0];
  EXPECT_EQ(b.name, "b");
  EXPECT_EQ(b.dtype, "F32");
  EXPECT_EQ(b.shape_text(), "[2, 3]");
  EXPECT_EQ(b.elements(), 6);
  float last = 0;
  std::memcpy(&last, b.data + 5 * 4, 4);
  EXPECT_EQ(last, 6);
  EXPECT_EQ(file.tensors()[1].data, b.data + 24);
}

TEST(Safetensors, RefusesWhatIsNone) {
  EXPECT_EQ(refusal("short"),
            "f.safetensors: has 5 bytes; a safetensors file begins with 8 bytes of its header's "
            "length");
  EXPECT_EQ(refusal("version https://git-lfs.github.com/spec/v1"),
            "f.safetensors: says that its header has 2336927755350992246 bytes; at most "
            "100,000,000, in a file of 42 bytes");
  EXPECT_EQ(refusal(with_header("{\"a\": nonsense}", 4)).substr(0, 21), "f.safetensors: header");
  EXPECT_EQ(refusal(with_header("[1, 2]", 0)).substr(0, 21), "f.safetensors: header");
  EXPECT_THROW(SafetensorsFile("/no/such/file.safetensors"), Error);
  EXPECT_THROW(SafetensorsFile(fresh_folder("folder").string()), Error);
}

TEST(Safetensors, RefusesTensorsThatDoNotAddUp) {
  const auto header = [](const std::string& entry) { return "{\"a\": {" + entry + "}}"; };
  const auto offsets = [&](const std::string& range) {
    return header(R"("dtype": "F32", "shape": [2], "data_offsets": )" + range);
  };
  EXPECT_EQ(refusal(with_header(offsets("[0, 8]"), 8)), "");
  EXPECT_EQ(refusal(with_header(offsets("[0, 8]"), 7)),
            "f.safetensors: has 7 bytes of data; its header describes 8 bytes");
  EXPECT_EQ(refusal(with_header(offsets("[0, 8]"), 9)),
            "f.safetensors: has 9 bytes of data; its header describes 8 bytes");
  EXPECT_EQ(refusal(with_header(offsets("[0, 12]"), 12)),
            "f.safetensors: \"a\": \"data_offsets\" is [0, 12]; F32 [2] takes 8 bytes");
  EXPECT_EQ(refusal(with_header(offsets("[8, 0]"), 8)),
            "f.safetensors: \"a\": \"data_offsets\" is [8, 0]; F32 [2] takes 8 bytes");
  EXPECT_EQ(refusal(with_header(offsets("[4, 12]"), 12)),
            "f.safetensors: \"a\": begins at byte 4 of the data; no bytes may lie unused from 0");
  for (const char* range : {"[0]", "[0, -8]", "[0, 8.0]", "\"all\""}) {
    EXPECT_NE(refusal(with_header(offsets(range), 8)), "") << range;
  }
  for (const char* entry :
       {R"("shape": [2], "data_offsets": [0, 8])", R"("dtype": "F32", "data_offsets": [0, 8])",
        R"("dtype": "F32", "shape": [2])",
        R"("dtype": "F33", "shape": [2], "data_offsets": [0, 8])",
        R"("dtype": "F32", "shape": [-2], "data_offsets": [0, 8])",
        R"("dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 8])"}) {
    EXPECT_NE(refusal(with_header(header(entry), 8)), "") << entry;
  }
}

TEST(Safetensors, RefusesOverlaps) {
  const std::string two = R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
                              "b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}})";
  EXPECT_EQ(refusal(with_header(two, 12)),
            "f.safetensors: \"b\": begins at byte 4 of the data; the tensor before it ends at 8");
}

// Two shards beside their index.
TEST(Checkpoint, ShardsAreOneModel) {
  const auto folder = fresh_folder("shards");
  write_text(folder / "1.safetensors", safetensors_text({written("a", "F32", {1}, {1})}));
  write_text(folder / "2.safetensors", safetensors_text({written("b", "F32", {1}, {2})}));
  const auto index = [&](const std::string& map) {
    write_text(folder / "model.safetensors.index.json", "{\"weight_map\": " + map + "}");
  };
  index(R"({"a": "1.safetensors", "b": "2.safetensors"})");
  const Checkpoint whole(folder.string());
  EXPECT_EQ(whole.names(), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(whole.find("c"), nullptr);
  EXPECT_EQ(whole.place("b"), (folder / "2.safetensors").string() + ": \"b\"");

  for (const char* map : {R"({"a": "1.safetensors", "b": "1.safetensors"})",
                          R"({"a": "1.safetensors", "c": "2.safetensors"})",
                          R"({"a": "1.safetensors", "b": "3.safetensors"})",
                          R"({"a": "../shards/1.safetensors"})", R"(["a"])"}) {
    index(map);
    EXPECT_THROW(Checkpoint(folder.string()), Error) << map;
  }
  EXPECT_THROW(Checkpoint(fresh_folder("empty").string()), Error);
}

}  // namespace
}  // namespace inferbench
