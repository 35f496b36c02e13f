#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace inferbench {

// What SQLite says of a database that it cannot use. Never reaches a user: a cache is made anew.
class SqliteError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// One statement, prepared once and run many times. All functions throw SqliteError.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(int at, std::string_view text);  // from 1; the text lives until reset()
  Statement& bind(int at, std::int64_t value);
  Statement& bind(int at, const std::optional<double>& value);

  bool step();  // whether there is a row
  void run();   // to its end, and reset
  void reset();

  std::string text(int column) const;  // from 0; null is empty
  std::int64_t integer(int column) const;
  std::optional<double> number(int column) const;

 private:
  void check(int code) const;

  sqlite3_stmt* statement_;
};

// A database file, or one in memory (":memory:").
class Database {
 public:
  explicit Database(const std::string& path);

  void execute(const std::string& sql);
  std::unique_ptr<Statement> prepare(std::string_view sql);
  std::int64_t last_row() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace inferbench
