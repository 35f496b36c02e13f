#include "results/store/sqlite.hpp"

#include <sqlite3.h>

namespace inferbench {

Statement::~Statement() {
  sqlite3_finalize(statement_);
}

void Statement::check(int code) const {
  if (code != SQLITE_OK) throw SqliteError(sqlite3_errmsg(sqlite3_db_handle(statement_)));
}

Statement& Statement::bind(int at, std::string_view text) {
  // A null destructor (SQLITE_STATIC): the text outlives the statement's run.
  check(sqlite3_bind_text(statement_, at, text.empty() ? "" : text.data(),
                          static_cast<int>(text.size()), nullptr));
  return *this;
}

Statement& Statement::bind(int at, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, at, value));
  return *this;
}

Statement& Statement::bind(int at, const std::optional<double>& value) {
  check(value ? sqlite3_bind_double(statement_, at, *value) : sqlite3_bind_null(statement_, at));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code != SQLITE_ROW && code != SQLITE_DONE) check(code);
  return code == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

void Statement::reset() {
  sqlite3_reset(statement_);
}

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return "";
  return {reinterpret_cast<const char*>(text),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<double> Statement::number(int column) const {
  if (sqlite3_column_type(statement_, column) == SQLITE_NULL) return std::nullopt;
  return sqlite3_column_double(statement_, column);
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);  // once its last statement is gone
}

Database::Database(const std::string& path) {
  sqlite3* database = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) throw SqliteError(sqlite3_errstr(code));
}

void Database::execute(const std::string& sql) {
  if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    throw SqliteError(sqlite3_errmsg(database_.get()));
  }
}

std::unique_ptr<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql.data(), static_cast<int>(sql.size()), &statement,
                         nullptr) != SQLITE_OK) {
    throw SqliteError(sqlite3_errmsg(database_.get()));
  }
  return std::make_unique<Statement>(statement);
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(database_.get());
}

}  // namespace inferbench
