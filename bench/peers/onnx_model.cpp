#include "bench/peers/onnx_model.hpp"

namespace inferbench {
namespace {

// Wire types of Protocol Buffers: 0 is an integer of variable length, 2 bytes with their length.
void put_varint(std::string& to, std::uint64_t value) {
  while (value >= 0x80) {
    to.push_back(static_cast<char>(value | 0x80U));
    value >>= 7U;
  }
  to.push_back(static_cast<char>(value));
}

void put_integer(std::string& to, unsigned field, std::int64_t value) {
  put_varint(to, field << 3U);
  put_varint(to, static_cast<std::uint64_t>(value));
}

void put_bytes(std::string& to, unsigned field, std::string_view bytes) {
  put_varint(to, field << 3U | 2U);
  put_varint(to, bytes.size());
  to.append(bytes);
}

// TensorProto: dims 1, data_type 2, name 8, raw_data 9.
std::string tensor(const OnnxTensor& t) {
  std::string out;
  for (const std::int64_t size : t.shape) put_integer(out, 1, size);
  put_integer(out, 2, static_cast<int>(t.type));
  put_bytes(out, 8, t.name);
  put_bytes(out, 9, t.data);
  return out;
}

// ValueInfoProto: name 1, type 2 { tensor_type 1 { elem_type 1, shape 2 { dim 1 { value 1 } } } }.
std::string value_info(const OnnxTensor& t) {
  std::string shape;
  for (const std::int64_t size : t.shape) {
    std::string dim;
    put_integer(dim, 1, size);
    put_bytes(shape, 1, dim);
  }
  std::string tensor_type, type, out;
  put_integer(tensor_type, 1, static_cast<int>(t.type));
  put_bytes(tensor_type, 2, shape);
  put_bytes(type, 1, tensor_type);
  put_bytes(out, 1, t.name);
  put_bytes(out, 2, type);
  return out;
}

// NodeProto: input 1, output 2, op_type 4, attribute 5 { name 1, i 3, type 20 }, domain 7.
std::string node_proto(const OnnxNode& n) {
  std::string out;
  for (const std::string& name : n.inputs) put_bytes(out, 1, name);
  for (const std::string& name : n.outputs) put_bytes(out, 2, name);
  put_bytes(out, 4, n.op);
  constexpr int kInt = 2;
  for (const OnnxInteger& a : n.attributes) {
    std::string attribute;
    put_bytes(attribute, 1, a.name);
    put_integer(attribute, 3, a.value);
    put_integer(attribute, 20, kInt);
    put_bytes(out, 5, attribute);
  }
  if (!n.domain.empty()) put_bytes(out, 7, n.domain);
  return out;
}

// OperatorSetIdProto: domain 1, version 2.
std::string opset(std::string_view domain, std::int64_t version) {
  std::string out;
  put_bytes(out, 1, domain);
  put_integer(out, 2, version);
  return out;
}

}  // namespace

// GraphProto: node 1, name 2, initializer 5, input 11, output 12. ModelProto: ir_version 1, graph
// 7, opset_import 8.
std::string serialise(const OnnxNode& node) {
  std::string graph, model;
  put_bytes(graph, 1, node_proto(node));
  put_bytes(graph, 2, "one_node");
  for (const OnnxTensor& t : node.constants) put_bytes(graph, 5, tensor(t));
  for (const OnnxTensor& t : node.feeds) put_bytes(graph, 11, value_info(t));
  for (const OnnxTensor& t : node.results) put_bytes(graph, 12, value_info(t));
  put_integer(model, 1, 8);
  put_bytes(model, 7, graph);
  put_bytes(model, 8, opset("", 17));
  put_bytes(model, 8, opset("com.microsoft", 1));
  return model;
}

}  // namespace inferbench
