#pragma once

#include <memory>

#include "workloads/traces/byte_source.hpp"
#include "workloads/traces/row_reader.hpp"

namespace inferbench {

// One reader per trace format; each throws Error with file, line, column, value and rule, and holds
// one buffer, not the file. Arrivals are as the file gives them.

// Azure LLM inference traces 2023 and 2024: CSV, TIMESTAMP (date and time, 100 ns digits),
// ContextTokens, GeneratedTokens. Source: github.com/Azure/AzurePublicDataset.
std::unique_ptr<RequestStream> read_azure(std::unique_ptr<ByteSource> source,
                                          const TraceOptions& options);

// BurstGPT 1.x: CSV, Timestamp (s), Session ID, Request tokens, Response tokens. Rows with 0
// response tokens are failures: skipped and counted. Request tokens are what the service counted,
// history included. Source: github.com/HPMLL/BurstGPT.
std::unique_ptr<RequestStream> read_burstgpt(std::unique_ptr<ByteSource> source,
                                             const TraceOptions& options);

// Mooncake: JSONL, timestamp (ms), input_length, output_length, hash_ids (one per 512 tokens, equal
// ids mean equal prefixes). Source: github.com/kvcache-ai/Mooncake, FAST25-release.
std::unique_ptr<RequestStream> read_mooncake(std::unique_ptr<ByteSource> source,
                                             const TraceOptions& options);

// Bailian (Qwen) traces: JSONL, chat_id, parent_chat_id (-1: first turn), timestamp (s),
// input_length, output_length, hash_ids (one per 16 tokens). A conversation is the tree of chats
// under one root; its later turns need TraceOptions::turns. One map entry per chat is held.
// Source: github.com/alibaba-edu/qwen-bailian-usagetraces-anon.
std::unique_ptr<RequestStream> read_bailian(std::unique_ptr<ByteSource> source,
                                            const TraceOptions& options);

// ShareGPT's shape with token counts in place of a tokenizer: a JSON array, or one object per line,
// of {"id", "conversations": [{"from": "human" | "gpt", "tokens": n}, ...]}; other keys ("value")
// are ignored. Each human message and the answer after it are a turn. Untimed: arrivals are zero
// and the turns of a conversation stand together. Conversations of several turns need
// TraceOptions::turns; messages without an answer are skipped and counted.
std::unique_ptr<RequestStream> read_sharegpt(std::unique_ptr<ByteSource> source,
                                             const TraceOptions& options);

}  // namespace inferbench
