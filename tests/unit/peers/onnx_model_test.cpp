#include "bench/peers/onnx_model.hpp"

#include <gtest/gtest.h>

namespace inferbench {
namespace {

using namespace std::string_literals;

// y = Relu(x), x of two floats. Each field is its number times 8 plus its wire type (0 integer, 2
// bytes), then the value or the length and the bytes.
//
//   x as value info   0A 01 x | 12 0A { 0A 08 { 08 01 | 12 04 { 0A 02 { 08 02 } } } }   15 bytes
//   node              0A 01 x | 12 01 y | 22 04 Relu                                   12 bytes
//   graph             0A 0C node | 12 08 one_node | 5A 0F x | 62 0F y                  58 bytes
TEST(OnnxModel, BytesByHand) {
  const OnnxTensor x{.name = "x", .type = OnnxType::float32, .shape = {2}, .data = {}};
  OnnxTensor y = x;
  y.name = "y";
  const OnnxNode node{
      .op = "Relu", .inputs = {"x"}, .outputs = {"y"}, .feeds = {x}, .results = {y}};
  const auto info = [](const std::string& name) {
    return "\x0A\x01"s + name + "\x12\x0A\x0A\x08\x08\x01\x12\x04\x0A\x02\x08\x02"s;
  };
  const std::string graph = "\x0A\x0C\x0A\x01x\x12\x01y\x22\x04Relu\x12\x08one_node"s +
                            "\x5A\x0F"s + info("x") + "\x62\x0F"s + info("y");
  ASSERT_EQ(graph.size(), 58U);
  EXPECT_EQ(serialise(node), "\x08\x08\x3A\x3A"s + graph + "\x42\x04\x0A\x00\x10\x11"s +
                                 "\x42\x11\x0A\x0D"s + "com.microsoft\x10\x01"s);
}

// 300 is 0b10'0101100: seven bits at a time, lowest first, all but the last with the top bit set.
TEST(OnnxModel, LongIntegersTakeSevenBitsAByte) {
  const OnnxNode node{.op = "Op", .attributes = {{"n", 300}}};
  EXPECT_NE(serialise(node).find("\x0A\x01n\x18\xAC\x02\xA0\x01\x02"s), std::string::npos);
}

}  // namespace
}  // namespace inferbench
