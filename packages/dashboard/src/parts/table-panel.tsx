/** A panel that holds a table and nothing else. */

import type { ReactNode } from 'react'
import { Panel, type PanelProps } from './panel.jsx'
import { CsvButton, Table, type TableProps } from './table.jsx'

/** What a panel of a table takes. */
export interface TablePanelProps<Row> extends TableProps<Row>, Omit<PanelProps, 'isFlush' | 'children'> {
  /** The name of its file of CSV. */
  readonly fileName: string
  /** Shown in place of a table without rows. */
  readonly empty?: ReactNode
  /** Below the table, or what is there in place of it. */
  readonly children?: ReactNode
}

/** The table under its title, with a button that saves it. */
export function TablePanel<Row>(props: TablePanelProps<Row>) {
  const { title, hint, actions, className, fileName, empty, children, ...table } = props
  return (
    <Panel
      title={title}
      hint={hint}
      {...(className === undefined ? {} : { className })}
      isFlush
      actions={
        <>
          <CsvButton name={fileName} columns={table.columns} rows={table.rows} />
          {actions}
        </>
      }
    >
      {table.rows.length === 0 && empty !== undefined ? empty : <Table {...table} />}
      {children}
    </Panel>
  )
}
