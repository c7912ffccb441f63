// The catalog's tables and `glue`, for a Scala job: read by the Scala shell before the job's own script or class.
// What `glue` is asked for, the worker does while the script waits: it goes through named pipes, one JSON object a line.

/** What the worker refused, or failed to do: `kind` is its word for it, `hint` the way out. */
class JobError(val kind: String, message: String, val hint: String) extends RuntimeException(message)

object glue extends Serializable {
  import com.fasterxml.jackson.databind.{JsonNode, ObjectMapper}
  import org.apache.spark.sql.DataFrame

  private def plan: JsonNode = new ObjectMapper().readTree(new java.io.File(sys.env("GLUE_TUI_SPARK_PLAN")))
  private def folder: String = plan.get("folder").asText
  private var frames = 0

  private def texts(name: String): Map[String, String] = {
    val node = plan.get(name)
    val names = node.fieldNames
    var found = Map.empty[String, String]
    while (names.hasNext) { val key = names.next(); found += key -> node.get(key).asText }
    found
  }

  @transient private lazy val asked = new java.io.FileOutputStream(s"$folder/asked")
  @transient private lazy val answered = new java.io.BufferedReader(
    new java.io.InputStreamReader(new java.io.FileInputStream(s"$folder/answered"), "UTF-8"))

  private def ask(what: (String, Any)*): JsonNode = synchronized {
    asked.write((new ObjectMapper().writeValueAsString(pairs(what: _*)) + "\n").getBytes("UTF-8"))
    val line = answered.readLine()
    if (line == null) throw new JobError("WorkerLost", "the worker of this job is gone", "")
    val answer = new ObjectMapper().readTree(line)
    if (answer.has("error")) {
      val told = answer.get("error")
      throw new JobError(told.get("type").asText, told.get("message").asText, told.get("hint").asText)
    }
    answer.get("value")
  }

  private def pairs(values: (String, Any)*): java.util.Map[String, Any] = {
    val made = new java.util.LinkedHashMap[String, Any]()
    values.foreach { case (name, value) => made.put(name, value) }
    made
  }

  private def list(values: Seq[String]): java.util.List[String] = {
    val made = new java.util.ArrayList[String]()
    values.foreach(value => made.add(value))
    made
  }

  private def write(what: String, frame: DataFrame, how: (String, Any)*): Long = {
    frames += 1
    withoutVoid(frame).write.parquet(s"file://$folder/frames/$frames")
    ask("do" -> what, "frame" -> frames.toString, "how" -> pairs(how: _*)).asLong
  }

  // A column of nothing but NULL is text: parquet has no type for it that others can read.
  private def withoutVoid(frame: DataFrame): DataFrame = {
    import org.apache.spark.sql.functions.lit
    frame.schema.fields.filter(_.dataType.typeName == "void")
      .foldLeft(frame)((typed, field) => typed.withColumn(field.name, lit(null).cast("string")))
  }

  private def named(what: String, values: Map[String, String]): Map[String, String] =
    values.withDefault(name => throw new JobError("EntityNotFound", "no " + what + " \"" + name + "\"",
      if (values.isEmpty) "there is none" else values.keys.mkString("known: ", ", ", "")))

  /** `--name` to value, as the trigger and the job gave them. */
  lazy val arguments: Map[String, String] = named("argument", texts("arguments"))

  /** Run properties. */
  lazy val properties: Map[String, String] = named("run property", texts("properties"))

  /** A catalog table, `database.table`; of a job with a bookmark what is new of it. */
  def table(name: String): DataFrame = {
    val spark = org.apache.spark.sql.SparkSession.active
    strings(ask("do" -> "table", "name" -> name)).foreach(spark.sql(_))
    spark.table(name.split('.').map(part => s"`$part`").mkString("."))
  }

  /** Write the same rows to every target of the job's definition, when the job succeeds; return their number. */
  def writeTargets(frame: DataFrame): Long = write("write_targets", frame)

  /** Write files and a catalog table, when the job succeeds; return the number of rows. */
  def write(frame: DataFrame, table: String, path: String, format: String = "parquet", mode: String = "overwrite",
      partitionBy: Seq[String] = Nil, keys: Seq[String] = Nil, connection: String = ""): Long =
    write("write", frame, "table" -> table, "path" -> path, "format" -> format, "mode" -> mode,
      "partition_by" -> list(partitionBy), "keys" -> list(keys), "connection" -> connection)

  /** Write rows into a table behind a connection, when the job succeeds; return their number. */
  def writeDatabase(frame: DataFrame, connection: String, table: String, mode: String = "overwrite",
      keys: Seq[String] = Nil, partitionBy: Seq[String] = Nil): Long =
    write("write_database", frame, "connection" -> connection, "table" -> table, "mode" -> mode, "keys" -> list(keys),
      "partition_by" -> list(partitionBy))

  /** Add rows to a side table, each with this reason, when the job succeeds; return their number. */
  def reject(frame: DataFrame, table: String, path: String, reason: String): Long =
    write("reject", frame, "table" -> table, "path" -> path, "reason" -> reason)

  /** Set a run property for the nodes that start after this one. */
  def setProperty(name: String, value: Any): Unit =
    ask("do" -> "set_property", "name" -> name, "value" -> value.toString)

  /** A variable of the engine's environment; its value is masked from now on. */
  def secret(name: String): String = ask("do" -> "secret", "name" -> name).asText

  /** The URL of a connection of the workflow, with its secrets filled in; they are masked. */
  def connection(name: String): String = ask("do" -> "connection", "name" -> name).asText

  /** Show that `done` of `total` is done: instead of Spark's stages, from the first call on. */
  def progress(done: Double, total: Double): Unit = ask("do" -> "progress", "done" -> done, "total" -> total)

  /** Add to the rows read, for what is no table of the catalog. */
  def countRowsIn(rows: Long): Unit = ask("do" -> "count_rows_in", "rows" -> rows)

  /** End the job here as SKIPPED: nothing is published, no property is set. */
  def skip(reason: String = "nothing to do"): Nothing = {
    ask("do" -> "skip", "reason" -> reason)
    end(0)
  }

  private def end(code: Int): Nothing = {
    org.apache.spark.sql.SparkSession.active.stop()
    sys.exit(code)
  }

  private[this] def strings(node: JsonNode): Array[String] =
    (0 until node.size).map(place => node.get(place).asText).toArray

  /** Glue's arguments of a job, as a program gets them. */
  lazy val args: Array[String] = strings(plan.get("argv"))

  /** For glue-tui itself: make the tables known. */
  def begin(): Unit = {
    val spark = org.apache.spark.sql.SparkSession.active
    println(s"Spark ${spark.version} has started, application ${spark.sparkContext.applicationId}")
    strings(plan.get("statements")).foreach(spark.sql(_))
  }

  /** For glue-tui itself: run the script or the class, and end the program. */
  def run(): Unit = {
    end(if (plan.get("main_class").asText.isEmpty) runScript() else runClass())
  }

  private def told(kind: String, message: String, line: Int, hint: String = "", story: String = ""): Int = {
    val failure = pairs("type" -> kind, "message" -> message, "line" -> line, "hint" -> hint, "story" -> story)
    new ObjectMapper().writeValue(new java.io.File(s"$folder/failure.json"), failure)
    1
  }

  private def failed(error: Throwable, line: Int, script: String = ""): Int = {
    var cause = error
    while (cause.getCause != null && (cause.isInstanceOf[ExceptionInInitializerError]
        || cause.isInstanceOf[java.lang.reflect.InvocationTargetException])) cause = cause.getCause
    val trace = cause.getStackTrace
    // What lies below the script's own outermost line is the shell.
    val outermost = trace.lastIndexWhere(frame => frame.getFileName == script && frame.getClassName.endsWith("$iw"))
    val users = if (outermost < 0) trace else trace.take(outermost + 1)
    val at = users.find(_.getFileName == script).map(_.getLineNumber).getOrElse(line)
    val (kind, hint) = cause match {
      case refused: JobError => (refused.kind, refused.hint)
      case _ => (cause.getClass.getSimpleName, "")
    }
    val frames = users.map(frame => s"\tat $frame")
    told(kind, String.valueOf(cause.getMessage), at, hint, cause.toString + frames.mkString("\n", "\n", ""))
  }

  private def runClass(): Int =
    try {
      val loader = Thread.currentThread.getContextClassLoader
      Class.forName(plan.get("main_class").asText, true, loader).getMethod("main", classOf[Array[String]])
        .invoke(null, args)
      0
    } catch { case error: Throwable => failed(error, 0) }

  private def runScript(): Int = {
    val shell = Class.forName("org.apache.spark.repl.Main").getMethod("interp").invoke(null)
      .asInstanceOf[scala.tools.nsc.interpreter.shell.ILoop].intp
    val pieces = plan.get("pieces")
    val name = plan.get("script").asText
    var (code, line, place) = ("", 0, 0)
    while (place < pieces.size) {
      if (code.isEmpty) line = pieces.get(place).get("line").asInt
      code = if (code.isEmpty) pieces.get(place).get("code").asText
        else code + "\n" + pieces.get(place).get("code").asText
      var result: Any = null
      // Blank lines before it: so the compiler and stack traces name the line of the script.
      shell.beQuietDuring { shell.withLabel(name) { result = shell.interpret("\n" * (line - 1) + code) } }
      result.toString match {
        case "Success" => code = ""
        case "Incomplete" =>
        case _ => return shell.valueOfTerm("lastException") match {
          case Some(error: Throwable) => failed(error, line, name)
          case _ => told("CompileError", "", line)
        }
      }
      place += 1
    }
    if (code.isEmpty) 0 else told("CompileError", "the script ends within a statement", line)
  }
}
val args = glue.args
glue.begin()
